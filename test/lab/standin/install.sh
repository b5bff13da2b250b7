#!/bin/sh
# Stands in for k3s' install.sh in test/lab/k3s.test.ts: it writes a unit, and a script that removes it.
set -e
[ "$INSTALL_K3S_SKIP_DOWNLOAD" = true ] && [ "$INSTALL_K3S_SKIP_START" = true ] || { echo 'it would download and start' >&2; exit 1; }
if env | grep '^K3S_'; then echo 'a variable of k3s is set' >&2; exit 1; fi
role=$INSTALL_K3S_EXEC
unit=k3s$([ "$role" = server ] || echo -agent)
echo "$role" >>/var/tmp/k3s-installs
ln -sf k3s /usr/local/bin/kubectl
cat >"/etc/systemd/system/$unit.service" <<UNIT
[Unit]
Description=Stand-in for k3s
[Install]
WantedBy=multi-user.target
[Service]
Type=exec
Restart=always
RestartSec=1s
# As in the unit of k3s: where the module cannot be loaded, this is the last line of the log.
ExecStartPre=-/bin/sh -c 'echo "modprobe: FATAL: Module overlay not found in directory /lib/modules" >&2'
ExecStart=/usr/local/bin/k3s $role
UNIT
cat >"/usr/local/bin/$unit-uninstall.sh" <<UNINSTALL
#!/bin/sh
systemctl disable --now $unit
rm -f /etc/systemd/system/$unit.service /usr/local/bin/$unit-uninstall.sh
rm -rf /etc/rancher/k3s /var/lib/rancher/k3s
UNINSTALL
chmod 755 "/usr/local/bin/$unit-uninstall.sh"
