/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xlcfg.h"

#include <errno.h>
#include <stdio.h>

#include "cap.h"
#include "guest.h"
#include "unit.h"

static struct guest parse(const char *text)
{
	struct guest guest = { 0 };
	char *error = NULL;
	int r = xlcfg_parse(&guest, text, strlen(text), "c", NULL, &error);

	if (error)
		print_message("%s\n", error);
	CHECK_EQ(r, 0);
	CHECK(!error);
	return guest;
}

static uint32_t n_devices(const struct guest *guest, enum guest_device_kind kind)
{
	uint32_t n = 0;

	for (size_t i = 0; i < guest->n_devices; i++)
		n += guest->devices[i].kind == kind;
	return n;
}

static const struct guest_device *device(const struct guest *guest, enum guest_device_kind kind)
{
	for (size_t i = 0; i < guest->n_devices; i++)
		if (guest->devices[i].kind == kind)
			return &guest->devices[i];
	fail();
	return NULL;
}

TEST(an_almost_empty_configuration_has_xls_defaults)
{
	struct guest guest = parse("name = 'a'");

	CHECK_STR_EQ(guest.name, "a");
	CHECK_STR_EQ(guest.source, "c");
	CHECK_EQ(guest.type, DOMTYPE_PV);
	CHECK_EQ(guest.n_vcpus, 1);
	CHECK_EQ(guest.n_max_vcpus, 1);
	CHECK_EQ(guest.memory_kib, 32 * 1024);
	CHECK_EQ(guest.shadow_kib, 0);
	CHECK_EQ(guest.asked_cap, 0);
	CHECK_EQ(guest.max_grant_frames, -1);
	CHECK_EQ(guest.n_devices, 0);
	guest_deinit(&guest);
}

TEST(the_syntax_of_xl_is_understood)
{
	struct guest guest =
		parse("# comment\nname=\"a b\" ; vcpus = 0x2\nmemory = 64\nmemory = 128\n"
		      "vif = [ 'bridge=br0',\n  '' , ]\nvif += [ 'backend=net' ]\n");

	CHECK_STR_EQ(guest.name, "a b");
	CHECK_EQ(guest.n_vcpus, 2);
	CHECK_EQ(guest.memory_kib, 128 * 1024);
	CHECK_EQ(n_devices(&guest, GUEST_NIC), 3);
	guest_deinit(&guest);
}

TEST(vcpus_and_memory_default_to_each_other)
{
	struct guest guest =
		parse("name='a'\nvcpus=2\nmaxvcpus=8\nmemory=512\nmaxmem=1024\ntype='pvh'\n");

	CHECK_EQ(guest.n_vcpus, 2);
	CHECK_EQ(guest.n_max_vcpus, 8);
	CHECK_EQ(guest.memory_kib, 512 * 1024);
	CHECK_EQ(guest.max_memory_kib, 1024 * 1024);
	CHECK_EQ(guest.shadow_kib, 4 * (256 * 8 + 1024));
	guest_deinit(&guest);
	guest = parse("name='a'\nmaxmem=256");
	CHECK_EQ(guest.memory_kib, 256 * 1024);
	guest_deinit(&guest);
	guest = parse("name='a'\nvcpus=4\nmaxvcpus=2");
	CHECK_EQ(guest.n_max_vcpus, 4);
	guest_deinit(&guest);
}

TEST(the_paging_pool_is_libxls)
{
	struct guest guest = parse("name='a'\ntype='pvh'\nmemory=160\n");

	CHECK_EQ(guest.shadow_kib * 1024, 1703936); /* as xl was seen to ask for */
	guest_deinit(&guest);
	guest = parse("name='a'\ntype='hvm'\nmemory=160\nhap=0\n");
	CHECK_EQ(guest.shadow_kib, 4 * (256 + 2 * 160));
	guest_deinit(&guest);
	guest = parse("name='a'\ntype='hvm'\nmemory=160\nshadow_memory=16\n");
	CHECK_EQ(guest.shadow_kib, 16 * 1024);
	guest_deinit(&guest);
}

TEST(type_and_builder_say_the_same)
{
	struct guest guest = parse("name='a'\nbuilder='hvm'");

	CHECK_EQ(guest.type, DOMTYPE_HVM);
	guest_deinit(&guest);
	guest = parse("name='a'\nbuilder='generic'\ntype='pv'");
	CHECK_EQ(guest.type, DOMTYPE_PV);
	guest_deinit(&guest);
}

TEST(a_vif_is_on_a_bridge_if_its_script_puts_it_there)
{
	struct guest guest = parse(
		"name='a'\nvif=['mac=00:16:3e:00:00:01', 'bridge=br7,script=/etc/xen/scripts/vif-bridge',"
		"'script=vif-route', 'untrusted,bridge=br8', 'backend=net,bridge=br9']");
	static const char *const bridges[] = { "xenbr0", "br7", NULL, "br8", "br9" };

	CHECK_EQ(guest.n_devices, 5);
	for (size_t i = 0; i < 5; i++) {
		if (bridges[i])
			CHECK_STR_EQ(guest.devices[i].bridge, bridges[i]);
		else
			CHECK(!guest.devices[i].bridge);
	}
	CHECK(!guest.devices[0].backend);
	CHECK_STR_EQ(guest.devices[4].backend, "net");
	guest_deinit(&guest);
}

TEST(xl_conf_names_the_usual_bridge_and_script)
{
	const struct xlcfg_defaults defaults = { .bridge = "virbr0" };
	const struct xlcfg_defaults routed = { .script = "vif-route" };
	const char text[] = "name='a'\nvif=['']";
	struct guest guest;
	char *error;

	CHECK_EQ(xlcfg_parse(&guest, text, strlen(text), "c", &defaults, &error), 0);
	CHECK_STR_EQ(guest.devices[0].bridge, "virbr0");
	guest_deinit(&guest);
	CHECK_EQ(xlcfg_parse(&guest, text, strlen(text), "c", &routed, &error), 0);
	CHECK(!guest.devices[0].bridge);
	guest_deinit(&guest);
}

TEST(who_serves_a_disk_follows_from_its_format)
{
	struct guest guest = parse(
		"name='a'\ndisk=['/dev/vg/a,raw,xvda,rw', 'phy:/dev/vg/b,xvdb,w', '/x.qcow2,qcow2,xvdc,rw',"
		"'format=raw,vdev=xvdd,backendtype=qdisk,target=/x', ',,hdc,cdrom',"
		"'backend=store,vdev=xvde,format=raw,target=/dev/x']");

	CHECK_EQ(guest.n_devices, 6);
	CHECK_EQ(guest.devices[0].kind, GUEST_DISK);
	CHECK_EQ(guest.devices[1].kind, GUEST_DISK);
	CHECK_EQ(guest.devices[2].kind, GUEST_DISK_QEMU);
	CHECK_EQ(guest.devices[3].kind, GUEST_DISK_QEMU);
	CHECK_EQ(guest.devices[4].kind, GUEST_DISK_QEMU);
	CHECK(guest.devices[4].cdrom);
	CHECK_EQ(guest.devices[5].kind, GUEST_DISK);
	CHECK_STR_EQ(guest.devices[5].backend, "store");
	guest_deinit(&guest);
}

TEST(an_hvm_domain_has_what_its_device_model_brings)
{
	struct guest guest = parse("name='a'\ntype='hvm'\nserial='pty'\nvnc=1");

	CHECK_EQ(n_devices(&guest, GUEST_VKB), 1);
	CHECK_EQ(n_devices(&guest, GUEST_VFB), 0);
	CHECK_EQ(guest.n_serial, 1);
	CHECK_EQ(guest.stubdom_kib, 0);
	CHECK_EQ(guest.video_kib, 8 * 1024);
	guest_deinit(&guest);
	guest = parse(
		"name='a'\ntype='hvm'\nvkb_device=0\nserial=['pty','pty']\ndevice_model_stubdomain_override=1\n"
		"device_model_version='qemu-xen'\nvga='stdvga'\nvnc=0");
	CHECK_EQ(guest.n_devices, 0);
	CHECK_EQ(guest.n_serial, 2);
	CHECK_EQ(guest.stubdom_kib, (128 + 16) * 1024);
	CHECK(!guest.stubdom_graphics);
	guest_deinit(&guest);
}

TEST(what_only_an_hvm_domain_has_is_ignored_elsewhere)
{
	struct guest guest =
		parse("name='a'\ntype='pvh'\nserial='pty'\ndevice_model_stubdomain_override=1");

	CHECK_EQ(guest.n_devices, 0);
	CHECK_EQ(guest.n_serial, 0);
	CHECK_EQ(guest.stubdom_kib, 0);
	guest_deinit(&guest);
}

TEST(a_framebuffer_brings_a_keyboard)
{
	struct guest guest = parse("name='a'\nvfb=['vnc=1,vnclisten=0.0.0.0']");

	CHECK_EQ(n_devices(&guest, GUEST_VFB), 1);
	CHECK_EQ(n_devices(&guest, GUEST_VKB), 1);
	guest_deinit(&guest);
	guest = parse("name='a'\nvnc=1");
	CHECK_EQ(guest.n_devices, 2);
	guest_deinit(&guest);
	guest = parse("name='a'\ntype='pvh'\nvnc=1");
	CHECK_EQ(guest.n_devices, 0);
	guest_deinit(&guest);
}

TEST(rarer_devices_are_counted_by_what_makes_them_cost)
{
	struct guest guest = parse(
		"name='a'\nvdispl=['backend=gfx,connectors=id0:1920x1080;id1:800x600']\n"
		"vsnd=[['CARD, short-name=Main, backend=snd', 'PCM, name=a', 'STREAM, id=0,type=p',"
		"'STREAM, id=1,type=c']]\np9=['tag=t,security_model=none,path=/x']\n"
		"pvcalls=['backend=Domain-0']\nchannel=['name=c,connection=pty']\n"
		"vtpm=['backend=vtpm']\nusbdev=['hostbus=1,hostaddr=2']\npci=['01:00.0','02:00.0']\n");

	CHECK_EQ(device(&guest, GUEST_VDISPL)->n, 2);
	CHECK_STR_EQ(device(&guest, GUEST_VDISPL)->backend, "gfx");
	CHECK_EQ(device(&guest, GUEST_VSND)->n, 2);
	CHECK_STR_EQ(device(&guest, GUEST_VSND)->backend, "snd");
	CHECK_EQ(n_devices(&guest, GUEST_P9), 1);
	CHECK_EQ(n_devices(&guest, GUEST_CHANNEL), 1);
	CHECK_STR_EQ(device(&guest, GUEST_VTPM)->backend, "vtpm");
	CHECK_EQ(n_devices(&guest, GUEST_USBCTRL), 1);
	CHECK_EQ(device(&guest, GUEST_PCI)->n, 2);
	guest_deinit(&guest);
	guest = parse(
		"name='a'\ntype='hvm'\nvkb_device=0\nusbctrl=['type=auto','type=qusb']\npci=['01:00.0']");
	CHECK_EQ(n_devices(&guest, GUEST_USBCTRL), 1);
	CHECK_EQ(n_devices(&guest, GUEST_PCI), 0);
	guest_deinit(&guest);
}

TEST(limits_are_taken_over)
{
	struct guest guest = parse(
		"name='a'\nmax_event_channels = 8191\nmax_grant_frames=16\nmax_grant_version=1\ndriver_domain=1");

	CHECK_EQ(guest.asked_cap, 8191);
	CHECK_EQ(guest.asked_cap_line, 2);
	CHECK_EQ(guest.max_grant_frames, 16);
	CHECK_EQ(guest.max_grant_version, 1);
	CHECK(guest.driver_domain);
	guest_deinit(&guest);
	guest = parse("name='a'\nmax_event_channels = 4294967295");
	CHECK_EQ(guest.asked_cap, CAP_NONE);
	guest_deinit(&guest);
	guest = parse("name='a'\nmax_event_channels = '-1'");
	CHECK_EQ(guest.asked_cap, CAP_NONE);
	guest_deinit(&guest);
	guest = parse("name='a'\nmax_event_channels = 0");
	CHECK_EQ(guest.asked_cap, 0);
	guest_deinit(&guest);
}

static const struct {
	const char *text;
	const char *error; /* how it begins */
} malformed[] = {
	{ "", "c: a domain needs a name" },
	{ "name=''", "c: a domain needs a name" },
	{ "name='a'\nvcpus = two\n", "c:2: config parsing error near `two" },
	{ "name='a'\nvcpus = 'two'\n", "c:2: parameter `vcpus' is not a valid number" },
	{ "name='a'\n\nvcpus = 0\n", "c:3: value `0' is smaller than minimum bound '1'" },
	{ "name='a'\nvcpus = [ 1 ]\n",
	  "c:2: parameter `vcpus' is a list but should be a single value" },
	{ "name='a'\nvcpus = 99999\n", "c:2: value `99999' is greater than maximum bound '8192'" },
	{ "name='a'\nmemory = 99999999999999999999\n",
	  "c:2: parameter `memory' could not be parsed" },
	{ "name='a'\nhap = 2\n", "c:2: value `2' is greater than maximum bound '1'" },
	{ "name='a'\ntype='pvx'\n", "c:2: 'pvx' is no type of domain: pv, pvh or hvm is meant" },
	{ "name='a'\ntype='pvh'\nbuilder='hvm'\n", "c:3: builder contradicts type" },
	{ "name='a'\nbuilder='linux'\n", "c:2: 'linux' is no builder: hvm or generic is meant" },
	{ "name='a'\ndisk='x'\n", "c:2: parameter `disk' is a single value but should be a list" },
	{ "name='a'\ndisk=[\n 'a,raw,xvda',\n '/b,raw,xvdb,wibble=1' ]\n",
	  "c:4: unknown parameter: near `wibble=1'" },
	{ "name='a'\nvif=['bridge']\n", "c:2: 'bridge' in a vif is not of the form key=value" },
	{ "name='a'\nvif=[\n 'bridge=a',\n 'bridge=b,wrong',]\n",
	  "c:4: 'wrong' in a vif is not of the form key=value" },
	{ "name='a'\nvif=[['x']]\n", "c:2:" },
	{ "name='a'\nvtpm=['uuid=x']\n", "c:2: a vtpm needs backend=" },
	{ "name='a'\nvdispl=['backend=x']\n", "c:2: a vdispl needs connectors=" },
	{ "name='a'\nvsnd=['x']\n", "c:2:" },
	{ "name='a'\nmax_event_channels='-2'\n",
	  "c:2: value `-2' is smaller than minimum bound '-1'" },
	{ "name='a'\nif x:\n  memory=3\n", "c:2: config parsing error near `x" },
	{ "name='a\nmemory=3\n", "c:1: config parsing error near" },
};

TEST(each_mistake_is_refused_with_its_line_and_reason)
{
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		struct guest guest;
		CLEANUP(free) char *error = NULL;
		size_t len = strlen(malformed[i].error);

		CHECK_EQ(xlcfg_parse(&guest, malformed[i].text, strlen(malformed[i].text), "c",
				     NULL, &error),
			 -EINVAL);
		CHECK(error);
		if (strncmp(error, malformed[i].error, len) != 0)
			print_message("%zu: %s\n", i, error);
		CHECK(strncmp(error, malformed[i].error, len) == 0);
		CHECK(error[strlen(error) - 1] != '\n');
	}
}

TEST(what_is_no_text_is_refused)
{
	static const char text[] = "name='a'\0b";
	struct guest guest;
	CLEANUP(free) char *error = NULL;

	CHECK_EQ(xlcfg_parse(&guest, text, sizeof(text) - 1, "c", NULL, &error), -EINVAL);
	CHECK_STR_EQ(error, "c: this is no text");
}

TEST(an_absent_file_is_told_from_a_bad_one)
{
	struct guest guest;
	char *error = NULL;

	CHECK_EQ(xlcfg_load(&guest, "/nonexistent/a.cfg", NULL, &error), -ENOENT);
	CHECK_EQ(xlcfg_load(&guest, "/", NULL, &error), -EISDIR);
	CHECK(!error);
}
