/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit.h"
#include "xlconf.h"

static const struct xlconf defaults = {
	.bridge = (char *)"hosts",
};

static int vif(struct device_list *list, const char *text)
{
	const char *why;

	return device_add_vif(list, text, &defaults, &why);
}

static int disk(struct device_list *list, const char *text)
{
	const char *why;

	return device_add_disk(list, text, &why);
}

static uint32_t numbered(const char *vdev)
{
	uint32_t devid = 0;

	CHECK_EQ(device_number_disk(&devid, vdev), 0);
	return devid;
}

TEST(disks_have_the_numbers_that_guests_expect)
{
	uint32_t devid;

	CHECK_EQ(numbered("xvda"), 51712);
	CHECK_EQ(numbered("xvdb"), 51728);
	CHECK_EQ(numbered("xvda2"), 51714);
	CHECK_EQ(numbered("xvdp15"), 51967);
	CHECK_EQ(numbered("xvdq"), 268439552);
	CHECK_EQ(numbered("xvda16"), 268435472);
	CHECK_EQ(numbered("xvdaa"), 268442112);
	CHECK_EQ(numbered("hda"), 768);
	CHECK_EQ(numbered("hdc"), 5632);
	CHECK_EQ(numbered("sda1"), 2049);
	CHECK_EQ(numbered("d0"), 51712);
	CHECK_EQ(numbered("d2p3"), 51747);
	CHECK_EQ(numbered("51712"), 51712);
	CHECK_EQ(numbered("0xca00"), 51712);
	CHECK_EQ(device_number_disk(&devid, "hde"), -EINVAL);
	CHECK_EQ(device_number_disk(&devid, "sdq"), -EINVAL);
	CHECK_EQ(device_number_disk(&devid, "xvd"), -EINVAL);
	CHECK_EQ(device_number_disk(&devid, "xvda0"), -EINVAL);
	CHECK_EQ(device_number_disk(&devid, "vda"), -EINVAL);
	CHECK_EQ(device_number_disk(&devid, ""), -EINVAL);
}

TEST(an_address_has_one_form)
{
	uint8_t mac[6];
	char text[18];

	CHECK_EQ(device_mac_parse(mac, "00:16:3E:01:0a:ff"), 0);
	device_mac_text(text, mac);
	CHECK_STR_EQ(text, "00:16:3e:01:0a:ff");
	CHECK_EQ(device_mac_parse(mac, "00:16:3e:01:0a"), -EINVAL);
	CHECK_EQ(device_mac_parse(mac, "00:16:3e:01:0a:ff:"), -EINVAL);
	CHECK_EQ(device_mac_parse(mac, "00:16:3e:01:0a:100"), -EINVAL);
	CHECK_EQ(device_mac_parse(mac, "00:16:3e:01::ff"), -EINVAL);
	CHECK_EQ(device_mac_parse(mac, "-1:16:3e:01:02:ff"), -EINVAL);
}

TEST(a_vif_takes_what_is_left_open_from_the_hosts_defaults)
{
	struct device_list list = { 0 };

	CHECK_EQ(vif(&list, ""), 0);
	CHECK_EQ(vif(&list, "mac=00:16:3e:00:00:01, bridge=br1,script=vif-route,vifname=v,mtu=1400,"
			    "rate=10Mb/s@20ms,untrusted,ip=10.0.0.1"),
		 0);
	CHECK_EQ(list.n_vifs, 2);
	CHECK_STR_EQ(list.all[0].bridge, "hosts");
	CHECK(list.all[0].own_bridge && !list.all[0].own_script);
	CHECK_STR_EQ(list.all[0].script, DEVICE_SCRIPTS "/vif-bridge");
	CHECK(!list.all[0].has_mac && list.all[0].trusted);
	CHECK_EQ(list.all[1].devid, 1);
	CHECK(list.all[1].has_mac && !list.all[1].trusted);
	CHECK_STR_EQ(list.all[1].bridge, "br1");
	CHECK_STR_EQ(list.all[1].script, DEVICE_SCRIPTS "/vif-route");
	CHECK_STR_EQ(list.all[1].ifname, "v");
	CHECK_EQ(list.all[1].mtu, 1400);
	CHECK_EQ(list.all[1].rate_bytes, 25000);
	CHECK_EQ(list.all[1].rate_interval_us, 20000);
	device_list_deinit(&list);
}

TEST(what_is_not_ours_or_not_understood_is_told_apart)
{
	struct device_list list = { 0 };

	CHECK_EQ(vif(&list, "type=ioemu"), -EOPNOTSUPP);
	CHECK_EQ(vif(&list, "backend=netdom"), -EOPNOTSUPP);
	CHECK_EQ(vif(&list, "forwarddev=x"), -EOPNOTSUPP);
	CHECK_EQ(vif(&list, "mac=1"), -EINVAL);
	CHECK_EQ(vif(&list, "mtu=x"), -EINVAL);
	CHECK_EQ(vif(&list, "nonsense"), -EINVAL);
	CHECK_EQ(vif(&list, "bridge=a\001b"), -EINVAL);
	device_list_deinit(&list);
	CHECK_EQ(vif(&list, "devid=3"), 0);
	CHECK_EQ(vif(&list, ""), 0);
	CHECK_EQ(list.all[1].devid, 4);
	CHECK_EQ(vif(&list, "devid=4"), -EINVAL);
	device_list_deinit(&list);
}

TEST(a_disk_is_a_file_a_device_or_a_scripts_business)
{
	char path[] = "/tmp/test_device.XXXXXX", text[96];
	struct device_list list = { 0 };
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	close(fd);
	snprintf(text, sizeof(text), "%s,raw,xvda,w", path);
	CHECK_EQ(disk(&list, text), 0);
	CHECK_EQ(vif(&list, ""), 0);
	snprintf(text, sizeof(text), "format=raw,vdev=xvdb,access=ro,target=%s", path);
	CHECK_EQ(disk(&list, text), 0);
	CHECK_EQ(disk(&list, "format=raw,vdev=xvdc,access=rw,script=block-x,target=any:thing"), 0);
	CHECK_EQ(list.n, 4);
	CHECK_EQ(list.all[0].kind, DEVICE_VIF);
	CHECK_STR_EQ(list.all[1].path, path);
	CHECK_STR_EQ(list.all[1].script, DEVICE_SCRIPTS "/block");
	CHECK(list.all[1].writable && list.all[1].discard && !list.all[2].writable);
	CHECK_EQ(list.all[2].devid, 51728);
	CHECK_STR_EQ(list.all[3].path, "any:thing");
	CHECK_STR_EQ(list.all[3].script, DEVICE_SCRIPTS "/block-x");
	snprintf(text, sizeof(text), "%s,raw,xvda,r", path);
	CHECK_EQ(disk(&list, text), -EINVAL); /* taken */
	snprintf(text, sizeof(text), "%s,qcow2,xvdd,r", path);
	CHECK_EQ(disk(&list, text), -EOPNOTSUPP);
	snprintf(text, sizeof(text), "%s,raw,xvdd:cdrom,r", path);
	CHECK_EQ(disk(&list, text), -EOPNOTSUPP);
	CHECK_EQ(disk(&list, "/nowhere/at/all,raw,xvdd,r"), -ENOENT);
	CHECK_EQ(disk(&list, "/dev/null,raw,xvdd,r"), -EOPNOTSUPP);
	device_list_deinit(&list);
	unlink(path);
}
