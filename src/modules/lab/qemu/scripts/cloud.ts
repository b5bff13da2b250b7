/**
 * Shell function that writes the NoCloud data that cloud-init reads at first boot: host key, user, the lab's key,
 * addresses. The machine sees the directory as a disk labelled `cidata`.
 */
export const cloudSeed = String.raw`
lab_cloud_seed() {
  rm -rf "$node/seed" && mkdir -p "$node/seed" && chmod 700 "$node/seed" || return
  printf 'instance-id: %s\nlocal-hostname: %s\n' "$(cat "$node/machine-id")" "$name" >"$node/seed/meta-data" || return
  {
    printf '#cloud-config\nhostname: %s\nmanage_etc_hosts: false\npackage_update: false\n' "$name"
    printf 'users:\n  - name: ops\n    shell: /bin/bash\n    sudo: "ALL=(ALL) NOPASSWD:ALL"\n    ssh_authorized_keys: ["%s"]\n' "$(cat "$dir/id_ed25519.pub")"
    printf 'ssh_deletekeys: true\nssh_genkeytypes: [ed25519]\nssh_keys:\n  ed25519_private: |\n'
    sed 's/^/    /' "$node/ssh/ssh_host_ed25519_key"
    printf '  ed25519_public: "%s"\n' "$(cat "$node/ssh/ssh_host_ed25519_key.pub")"
    printf 'write_files:\n  - path: /etc/hosts\n    content: |\n'
    printf '%s\n' "$hosts" | sed 's/^/      /'
  } >"$node/seed/user-data" || return
  {
    printf 'version: 2\nethernets:\n'
    printf '  eth0: {match: {macaddress: "%s"}, set-name: eth0, addresses: [198.18.0.15/24], gateway4: 198.18.0.2, nameservers: {addresses: [198.18.0.3]}}\n' "$mac0"
    printf '  eth1: {match: {macaddress: "%s"}, set-name: eth1, addresses: ["%s/%s"]}\n' "$mac1" "$address" "$prefix"
  } >"$node/seed/network-config"
}
`
