#!/bin/bash
# What the life of the rpm looks like: its scripts run under rpm, on a booted machine that is no RHEL.
. /test/machine.sh
rpm="rpm --nodeps" # Debian's rpm knows nothing of what dpkg has installed

step "install: nothing is enabled, nothing runs"
$rpm --install /test/old.rpm
installed
rpm --verify --nodeps riskrelay

step "configure, enable: rows arrive, tagged by the module"
configure
systemctl enable --now riskrelay.service
is state active "$(state)"
arrives workspace-1 example.offhours

step "upgrade: what ran runs anew, edited files stay"
before=$(pid)
$rpm --upgrade /test/new.rpm
edited
ls /etc/riskrelay/riskrelay.yaml*
test -e /etc/riskrelay/riskrelay.yaml.rpmnew
is state active "$(state)"
[ "$before" != "$(pid)" ]
arrives workspace-2 example.offhours

step "what was stopped stays stopped, and enabled"
systemctl stop riskrelay.service
$rpm --upgrade --oldpackage /test/old.rpm
is state inactive "$(state)"
is enabled enabled "$(enabled)"

step "what is masked stays masked"
systemctl mask riskrelay.service
$rpm --upgrade /test/new.rpm
is enabled masked "$(enabled)"
systemctl unmask riskrelay.service

step "erase: it stops, is disabled, and edited files and the ledger stay"
systemctl start riskrelay.service
rpm --erase riskrelay
is state inactive "$(state)"
test ! -e /usr/bin/riskrelay
test ! -e /etc/systemd/system/multi-user.target.wants/riskrelay.service
grep 'edited by the administrator' /etc/riskrelay/riskrelay.yaml.rpmsave
ls /var/lib/riskrelay

step "erase: what is masked stops, too"
$rpm --install /test/new.rpm
mv /etc/riskrelay/riskrelay.yaml.rpmsave /etc/riskrelay/riskrelay.yaml
systemctl enable --now riskrelay.service
systemctl mask riskrelay.service
rpm --erase riskrelay
is state inactive "$(state)"
systemctl unmask riskrelay.service

step "erase in a chroot without systemd and /proc: it is disabled"
alone $rpm --install /test/new.rpm
alone systemctl enable riskrelay.service
test -L /etc/systemd/system/multi-user.target.wants/riskrelay.service
alone rpm --erase riskrelay
test ! -L /etc/systemd/system/multi-user.target.wants/riskrelay.service
echo passed >/test/result
