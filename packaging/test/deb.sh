#!/bin/bash
# What the life of the deb looks like on Debian, from the first installation until it is purged.
. /test/machine.sh

step "install: nothing is enabled, nothing runs"
dpkg --install /test/old.deb
installed
MANPATH=/usr/share/man test -s /usr/share/man/man1/riskrelay.1.gz

step "started without a configuration: it says why, and isn't tried again and again"
systemctl start riskrelay.service && exit 1
is "exit code" 3 "$(systemctl show --value --property ExecMainStatus riskrelay.service)"
is restarts 0 "$(systemctl show --value --property NRestarts riskrelay.service)"
journalctl --no-pager --output cat -u riskrelay | grep 'name at least one of splunk_hec'
systemctl reset-failed riskrelay.service

step "configure, enable: rows of the file and of the workspace arrive, tagged by the module"
configure
install -m 0600 -o riskrelay /test/hec-token /etc/riskrelay/hec-token
runuser -u riskrelay -- riskrelay validate
rm /etc/riskrelay/hec-token
systemctl enable --now riskrelay.service
is state active "$(state)"
eventually received file-1 example.offhours
echo "file-1 arrived with example.offhours"
arrives workspace-1 example.offhours
if journalctl --no-pager --output cat -u riskrelay | grep 'has a gap'; then exit 1; fi # the unit forbids no part of the modules' fence
runuser -u riskrelay -- riskrelay status
systemctl show --property StatusText riskrelay.service

step "the unit"
is "what verify says" "" "$(systemd-analyze verify --man=no --recursive-errors=no riskrelay.service 2>&1)"
systemd-analyze security --no-pager --threshold=12 riskrelay.service | tail -1

step "reload, without /bin/kill: a new rule is at work in the same process"
test ! -e /bin/kill
before=$(pid)
cp --preserve=all /etc/riskrelay/rules.d/example.yaml.off /etc/riskrelay/rules.d/example.yaml
systemctl reload riskrelay.service
reloaded() { journalctl --no-pager --output cat -u riskrelay | grep 'rules reloaded'; }
eventually reloaded
arrives workspace-2 example.owner.guest example.offhours
is process "$before" "$(pid)"

step "kill -9: it is back"
before=$(pid)
kill -9 "$before"
back() { # the process first, as the state is that of the old one until systemd has noticed
  case $(pid) in 0 | "$before") return 1 ;; esac
  [ "$(state)" = active ]
}
eventually back
is restarts 1 "$(systemctl show --value --property NRestarts riskrelay.service)"
arrives workspace-3 example.owner.guest

step "upgrade: what ran runs anew, edited files stay"
before=$(pid)
dpkg --install --force-confdef --force-confold /test/new.deb </dev/null
edited
ls /etc/riskrelay/riskrelay.yaml*
is state active "$(state)"
[ "$before" != "$(pid)" ]
is "owner of an edited file" "640 root:riskrelay" "$(owner /etc/riskrelay/riskrelay.yaml)"
riskrelay version
arrives workspace-4 example.owner.guest

step "upgrade while it starts: it starts anew, too"
systemctl stop riskrelay.service
printf '[Service]\nExecStartPre=/bin/sh -c "test -e /test/go || exec sleep infinity"\n' >/etc/systemd/system/riskrelay.service.d/slow.conf
systemctl daemon-reload
systemctl start --no-block riskrelay.service
starting() { [ "$(cat "/proc/$(systemctl show --value --property ControlPID riskrelay.service)/comm")" = sleep ]; }
eventually starting
touch /test/go
dpkg --install --force-confdef --force-confold /test/old.deb </dev/null
is state active "$(state)"
rm /etc/systemd/system/riskrelay.service.d/slow.conf
systemctl daemon-reload
dpkg --install --force-confdef --force-confold /test/new.deb </dev/null

step "policy-rc.d forbids it: the old process goes on"
printf '#!/bin/sh\nexit 101\n' | install -m 0755 /dev/stdin /usr/sbin/policy-rc.d
before=$(pid)
dpkg --install --force-confdef --force-confold /test/old.deb </dev/null
is process "$before" "$(pid)"
rm /usr/sbin/policy-rc.d

step "what was stopped stays stopped, and enabled"
systemctl stop riskrelay.service
dpkg --install --force-confdef --force-confold /test/new.deb </dev/null
is state inactive "$(state)"
is enabled enabled "$(enabled)"

step "what is masked stays masked"
systemctl mask riskrelay.service
dpkg --install --force-confdef --force-confold /test/old.deb </dev/null
is enabled masked "$(enabled)"
is state inactive "$(state)"
systemctl unmask riskrelay.service

step "remove: it stops, configuration and ledger stay"
systemctl start riskrelay.service
dpkg --remove riskrelay
is state inactive "$(state)"
test ! -e /usr/bin/riskrelay
edited
ls /var/lib/riskrelay

step "purge: nothing is left"
rm -r /etc/systemd/system/riskrelay.service.d /usr/local/lib/riskrelay # the administrator's
systemctl daemon-reload
dpkg --purge riskrelay
is "files left" "" "$(find / -xdev -path /test -prune -o -name '*riskrelay*' -print)"
is "user left" "" "$(getent passwd riskrelay || true)$(getent group riskrelay || true)"
is "mentioned in /etc" "" "$(grep -rl --exclude='*-' riskrelay /etc || true)" # passwd- and its like are backups

step "in a chroot without systemd and /proc"
alone dpkg --install /test/old.deb
is riskrelay.yaml "640 root:riskrelay" "$(owner /etc/riskrelay/riskrelay.yaml)"
alone dpkg --install /test/new.deb
alone dpkg --purge riskrelay
is "files left" "" "$(find / -xdev -path /test -prune -o -name '*riskrelay*' -print)"
is "user left" "" "$(getent passwd riskrelay || true)"

step "purge: a disk that is mounted is emptied, what a link leads to stays, and so does its owner"
dpkg --install /test/old.deb
mount -t tmpfs tmpfs /var/lib/riskrelay
mkdir /var/lib/riskrelay/dead /var/log/elsewhere
touch /var/lib/riskrelay/.hidden /var/lib/riskrelay/dead/letter
rmdir /var/log/riskrelay
ln -s elsewhere /var/log/riskrelay
install -o riskrelay -g riskrelay -m 0600 /dev/null /var/log/elsewhere/events.ndjson
dpkg --purge riskrelay
is "status" "" "$(dpkg-query --show riskrelay 2>/dev/null || true)"
is "on the disk" "" "$(ls -A /var/lib/riskrelay)"
is "the disk's owner" root:root "$(stat --format %U:%G /var/lib/riskrelay)"
test ! -L /var/log/riskrelay
is "behind the link" "600 riskrelay:riskrelay" "$(owner /var/log/elsewhere/events.ndjson)"
echo passed >/test/result
