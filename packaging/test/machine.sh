# What the tests of the deb and the rpm share. They run in a machine that was booted for them, as root; /test holds what they need.
# shellcheck shell=bash
set -Eeuo pipefail
trap 'echo "FAILED in line $LINENO of $0: $BASH_COMMAND"; systemctl --no-pager --full status riskrelay.service || true; journalctl --no-pager -u riskrelay -n 60 || true' ERR

. /test/steps.sh

state() { systemctl is-active riskrelay.service || true; }
enabled() { systemctl is-enabled riskrelay.service || true; }
pid() { systemctl show --value --property MainPID riskrelay.service; }
owner() { stat --format '%a %U:%G' "$1"; }

installed() {
  is enabled disabled "$(enabled)"
  is state inactive "$(state)"
  is /etc/riskrelay "750 root:riskrelay" "$(owner /etc/riskrelay)"
  is riskrelay.yaml "640 root:riskrelay" "$(owner /etc/riskrelay/riskrelay.yaml)"
  is rules.d/example.yaml.off "640 root:riskrelay" "$(owner /etc/riskrelay/rules.d/example.yaml.off)"
  is /var/lib/riskrelay "700 riskrelay:riskrelay" "$(owner /var/lib/riskrelay)"
  is /var/log/riskrelay "750 riskrelay:riskrelay" "$(owner /var/log/riskrelay)"
  riskrelay version
}

# configure does what an administrator does: a workspace, a file of old rows, a rule module, a collector whose token is a credential
# that only root may read.
configure() {
  local from=01:00 to=02:00 # working hours that are far off, so that all is outside them
  if [ "$(date -u +%H)" -lt 12 ]; then from=22:00 to=23:00; fi
  mkfifo /test/rows
  systemd-run --quiet --unit peers /test/peers /test
  eventually test -s /test/peers.yaml
  install -m 0600 /test/hec-token /root/hec-token
  install -m 0640 -g riskrelay /test/ca.pem /etc/riskrelay
  install -m 0600 -o riskrelay /test/client-secret /etc/riskrelay
  install -m 0640 -g riskrelay /test/peers.yaml /etc/riskrelay/conf.d/peers.yaml
  install -D -m 0755 /test/offhours /usr/local/lib/riskrelay/offhours
  row file-1 | install -m 0640 -g riskrelay /dev/stdin /etc/riskrelay/rows.ndjson
  install -m 0640 -g riskrelay /dev/stdin /etc/riskrelay/conf.d/site.yaml <<END
sources: {files: [/etc/riskrelay/rows.ndjson]}
rules: {watch: false}
modules:
  - name: offhours
    path: /usr/local/lib/riskrelay/offhours
    sha256: $(sha256sum </usr/local/lib/riskrelay/offhours | cut -d' ' -f1)
    settings: {zone: UTC, from: "$from", to: "$to"}
END
  echo '# edited by the administrator' >>/etc/riskrelay/riskrelay.yaml
  mkdir -p /etc/systemd/system/riskrelay.service.d
  printf '[Service]\nLoadCredential=hec-token:/root/hec-token\n' >/etc/systemd/system/riskrelay.service.d/token.conf
  systemctl daemon-reload
}

edited() { grep -q 'edited by the administrator' /etc/riskrelay/riskrelay.yaml; }

# alone COMMAND...: runs it as in a chroot that has neither a systemd that runs nor /proc.
alone() {
  unshare --mount sh -c 'mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /proc && exec "$@"' sh "$@"
}
