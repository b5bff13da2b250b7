import type { Lab, Node } from './lab.ts'

/** Ruby's quotes that fill nothing in. */
const ruby = (text: string): string => `'${text.replace(/[\\']/g, (char) => `\\${char}`)}'`

const mebibytes = (size: string): number => Number.parseInt(size) * (size.endsWith('G') ? 1024 : 1)

function machine({ name, address, memory = '1G', cpus = 1, disk = '10G', dataDisk, forwards }: Node): string {
  const fields = [
    `name: ${ruby(name)}`,
    `address: ${ruby(address)}`,
    `memory: ${mebibytes(memory)}`,
    `cpus: ${cpus}`,
    `disk_mb: ${mebibytes(disk)}`,
    `data_mb: ${dataDisk === undefined ? 'nil' : mebibytes(dataDisk)}`,
    `ports: {${forwards.map(({ guest, host }) => `${guest} => ${host}`).join(', ')}}`,
  ]
  return `  { ${fields.join(', ')} },`
}

/**
 * A Vagrantfile that makes the machines of an inventory, with libvirt or VirtualBox.
 *
 * @param release - the Debian release of the box: `bookworm`.
 */
export const vagrantfileOf = (
  lab: Lab,
  release: string,
): string => `# The machines of the inventory, for Vagrant. Written by "npx zx playbooks/lab.mjs vagrantfile"; change the inventory and write it anew.
#
#   vagrant up --provider libvirt       # or: --provider virtualbox
#
# Then give Labbook an inventory without lab_provider: these are machines of your own. Each is reached at its address as the user
# "ops" with the key below; log in once by hand, so that its host key is known.
# VirtualBox allows other networks than 192.168.56.0/21 only where /etc/vbox/networks.conf lists them.

KEY = ${ruby(`${lab.dir}/id_ed25519.pub`)}
raise "no key at #{KEY}: run 'npx zx playbooks/lab.mjs vagrantfile' on this machine" unless File.exist?(KEY)

NODES = [
${lab.nodes.map(machine).join('\n')}
].freeze

HOSTS = NODES.map { |node| "#{node[:address]} #{node[:name]}" }.join("\\n")

SETUP = <<~SHELL
  set -e
  id ops >/dev/null 2>&1 || useradd -m -s /bin/bash ops
  printf 'ops ALL=(ALL) NOPASSWD:ALL\\n' >/etc/sudoers.d/ops
  chmod 440 /etc/sudoers.d/ops
  install -d -m 700 -o ops -g ops /home/ops/.ssh
  printf '%s\\n' "$1" >/home/ops/.ssh/authorized_keys
  chown ops:ops /home/ops/.ssh/authorized_keys
  chmod 600 /home/ops/.ssh/authorized_keys
  grep -v ' # lab$' /etc/hosts | grep -v '^127[.]0[.][12][.]1 ' >/etc/hosts.new || true
  printf '%s\\n' "$2" | sed 's/$/ # lab/' >>/etc/hosts.new
  mv /etc/hosts.new /etc/hosts
SHELL

Vagrant.configure('2') do |config|
  config.vm.box = ${ruby(`debian/${release}64`)}
  config.vm.synced_folder '.', '/vagrant', disabled: true

  NODES.each do |node|
    config.vm.define node[:name] do |machine|
      machine.vm.hostname = node[:name]
      machine.vm.network 'private_network', ip: node[:address]
      node[:ports].each { |guest, host| machine.vm.network 'forwarded_port', guest: guest, host: host, host_ip: '127.0.0.1' }
      machine.vm.provision 'shell', inline: SETUP, args: [File.read(KEY).strip, HOSTS]

      machine.vm.provider :libvirt do |domain|
        domain.memory = node[:memory]
        domain.cpus = node[:cpus]
        domain.machine_virtual_size = (node[:disk_mb] / 1024.0).ceil
        domain.storage :file, size: "#{node[:data_mb]}M" if node[:data_mb]
      end

      machine.vm.provider :virtualbox do |box, override|
        box.name = "${lab.name}-#{node[:name]}"
        box.memory = node[:memory]
        box.cpus = node[:cpus]
        override.vm.disk :disk, size: "#{node[:disk_mb]}MB", primary: true
        override.vm.disk :disk, name: 'data', size: "#{node[:data_mb]}MB" if node[:data_mb]
      end
    end
  end
end
`
