/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Three lists, in the order of the alphabet. */
#include "settings.h"

#include <stdlib.h>
#include <string.h>

static const char *const ours[] = {
	"builder",
	"cmdline",
	"cpus",
	"cpus_soft",
	"disk",
	"extra",
	"kernel",
	"max_event_channels",
	"max_grant_frames",
	"max_grant_version",
	"max_maptrack_frames",
	"maxmem",
	"maxvcpus",
	"memory",
	"name",
	"on_crash",
	"on_poweroff",
	"on_reboot",
	"on_soft_reset",
	"on_watchdog",
	"pool",
	"ramdisk",
	"root",
	"type",
	"uuid",
	"vcpus",
	"vif",
};

static const char *const lists[] = {
	"channel", "p9",  "pci",    "pvcalls", "usbctrl", "usbdev",
	"vdispl",  "vfb", "virtio", "vkb",     "vsnd",	  "vtpm",
};

static const char *const others[] = {
	"acpi",
	"acpi_firmware",
	"acpi_laptop_slate",
	"acpi_s3",
	"acpi_s4",
	"altp2m",
	"altp2m_count",
	"altp2mhvm",
	"apic",
	"arm_sci",
	"bios",
	"bios_path_override",
	"boot",
	"bootloader",
	"bootloader_args",
	"bootloader_restrict",
	"bootloader_user",
	"cap",
	"cpu_weight",
	"cpuid",
	"device_model",
	"device_model_args",
	"device_model_args_hvm",
	"device_model_args_pv",
	"device_model_args_pvh",
	"device_model_override",
	"device_model_stubdomain_override",
	"device_model_stubdomain_seclabel",
	"device_model_user",
	"device_model_version",
	"device_tree",
	"display",
	"dm_restrict",
	"driver_domain",
	"dtdev",
	"e820_host",
	"extratime",
	"firmware",
	"firmware_override",
	"gfx_passthru",
	"gic_version",
	"hap",
	"hdtype",
	"hpet",
	"hvm_pirq",
	"init_seclabel",
	"iomem",
	"ioports",
	"irqs",
	"keymap",
	"latency",
	"llc_colors",
	"localtime",
	"mca_caps",
	"mmio_hole",
	"ms_vm_genid",
	"msr_relaxed",
	"nestedhvm",
	"nographic",
	"nomigrate",
	"nr_spis",
	"nx",
	"oos",
	"opengl",
	"pae",
	"passthrough",
	"pci_msitranslate",
	"pci_permissive",
	"pci_power_mgmt",
	"pci_seize",
	"period",
	"pvh",
	"pvshim",
	"pvshim_cmdline",
	"pvshim_extra",
	"pvshim_path",
	"rdm",
	"rdm_mem_boundary",
	"rtc_timeoffset",
	"sdl",
	"seclabel",
	"serial",
	"shadow_memory",
	"slice",
	"smbios",
	"smbios_firmware",
	"soundhw",
	"spice",
	"spice_clipboard_sharing",
	"spice_image_compression",
	"spice_streaming_video",
	"spiceagent_mouse",
	"spicedisable_ticketing",
	"spicehost",
	"spicepasswd",
	"spiceport",
	"spicetls_port",
	"spiceusbredirection",
	"spicevdagent",
	"stdvga",
	"stubdomain_cmdline",
	"stubdomain_kernel",
	"stubdomain_memory",
	"stubdomain_ramdisk",
	"sve",
	"tee",
	"timer_mode",
	"trap_unmapped_accesses",
	"tsc_mode",
	"usb",
	"usbdevice",
	"usbversion",
	"vendor_device",
	"vga",
	"videoram",
	"viridian",
	"vkb_device",
	"vmtrace_buf_kb",
	"vnc",
	"vncdisplay",
	"vnclisten",
	"vncpasswd",
	"vncunused",
	"vncviewer",
	"vnuma",
	"vpmu",
	"vpt_align",
	"vuart",
	"xauthority",
	"xen_platform_pci",
	"xen_platform_pci_bar_uc",
	"xend_suspend_evtchn_compat",
	"xenstore_feature_mask",
	"xenstore_quota",
};

struct word {
	const char *text;
	size_t len;
};

static int compare(const void *key, const void *element)
{
	const struct word *word = key;
	const char *name = *(const char *const *)element;
	int r = strncmp(word->text, name, word->len);

	return r ? r : -(name[word->len] != '\0');
}

#define LISTED(list, word) \
	bsearch(word, list, sizeof(list) / sizeof((list)[0]), sizeof((list)[0]), compare)

enum settings_owner settings_owner(const char *key, size_t len)
{
	const struct word word = { key, len };

	if (LISTED(ours, &word))
		return SETTINGS_OURS;
	if (LISTED(lists, &word))
		return SETTINGS_XL_LIST;
	return LISTED(others, &word) ? SETTINGS_XL : SETTINGS_NOBODY;
}
