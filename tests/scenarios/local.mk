# SPDX-License-Identifier: GPL-2.0-or-later
EXTRA_DIST += \
	tests/scenarios/README.md \
	tests/scenarios/conftest.py \
	tests/scenarios/simprobe.py \
	tests/scenarios/test_advisories.py \
	tests/scenarios/test_bed.py \
	tests/scenarios/test_command_lines.py \
	tests/scenarios/test_floods_sim.py \
	tests/scenarios/test_foreign_clients.py \
	tests/scenarios/test_update.py \
	tests/scenarios/test_update_sim.py \
	tests/scenarios/test_killer.py \
	tests/scenarios/test_lsevtchn.py \
	tests/scenarios/console_host.py \
	tests/manager tests/scenarios/consoleclient.py \
	tests/scenarios/test_xenconsoled_kept.py \
	tests/scenarios/test_xenconsoled_kill.py \
	tests/scenarios/test_xenconsoled_logs.py \
	tests/scenarios/test_xenconsoled_sim.py \
	tests/scenarios/test_xenconsoled_world.py \
	tests/scenarios/test_xenconsoled.py \
	tests/scenarios/test_forecast_sim.py \
	tests/scenarios/test_lsevtchn_screen.py \
	tests/scenarios/test_lsevtchn_sim.py \
	tests/scenarios/test_xenstored.py \
	tests/scenarios/test_xencreate.py \
	tests/scenarios/test_xencreate_pool.py \
	tests/scenarios/test_simxen.py \
	tests/scenarios/test_simxen_clients.py \
	tests/scenarios/test_simxen_faults.py \
	tests/scenarios/test_simxen_guests.py \
	tests/scenarios/test_simxen_xl.py

EXTRA_DIST += tests/scenarios/storeprobe.py tests/scenarios/test_xenstored_control.py tests/scenarios/test_xenstored_document.py tests/scenarios/test_xenstored_logs.py \
	tests/scenarios/test_xenstored_damage.py tests/scenarios/test_xenstored_state.py
