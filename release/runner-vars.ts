import { defineVars, secret, Secret, varTypes, type VarSet } from 'labbook'

/*
 * The variables that Labbook itself reads, as playbooks declare theirs: for docs/variables.md and for the schemas of
 * editors. The code that reads them checks their values: src/lab, src/connection, src/playbook.
 */

const { accepts, integer, list, oneOf, text } = varTypes

const password = accepts(
  'a string',
  (value) => (typeof value === 'string' ? secret(value) : value instanceof Secret ? value : undefined),
  { type: 'string' },
)

/** Ansible takes more words as booleans than the playbooks do. */
const boolean = accepts('true or false', (value) => value, {
  anyOf: [
    { type: 'boolean' },
    { enum: ['true', 'false', 'yes', 'no', 'on', 'off'] },
    { type: 'string', pattern: '\\{[{%]' },
  ],
})

const labVars = defineVars('lab', {
  lab_provider: {
    schema: oneOf(['namespaces', 'qemu', 'auto']),
    description: 'the host is a node of the [lab](lab.md), of this kind',
  },
  lab_name: {
    schema: text(),
    default: 'labbook',
    description: 'name of the lab; another name is another lab, with its own directories',
  },
  lab_subnet: { schema: text(), default: '10.77.0.0/24', description: "the lab's network" },
  lab_address: {
    schema: text(),
    shownDefault: '`ansible_host`, else the next from .11 on',
    description: "the virtual machine's address among the nodes",
  },
  lab_dir: {
    schema: text(),
    shownDefault: '`/var/lib/labbook/lab`, `/var/lib/labbook/vm` for virtual machines',
    description: "the lab's directory; must hold nothing else, as `down` removes it",
  },
  lab_rootfs: {
    schema: text(),
    default: '/var/lib/labbook/rootfs',
    description: 'root file system of namespace nodes',
  },
  lab_images: {
    schema: text(),
    shownDefault: '`/var/lib/labbook/images`',
    description: 'directory of the images of virtual machines',
  },
  lab_release: {
    schema: text(),
    shownDefault: 'that of this machine',
    description: 'Debian release of new nodes; a node keeps the one it was created with',
  },
  lab_image: { schema: text(), description: 'a cloud image on this machine, instead of one built here' },
  lab_baked: { schema: list(), default: [], description: 'Debian packages included in the image' },
  lab_memory: { schema: text(), shownDefault: '`1G`', description: 'memory of each node' },
  lab_cpus: { schema: integer(1, 64), shownDefault: '`1`', description: 'processors of each node' },
  lab_disk: {
    schema: text(),
    shownDefault: '`10G`',
    description: 'disk of each node; keeps its size once created',
  },
  lab_data_disk: { schema: text(), description: 'size of a second, empty disk: `/dev/vdb`' },
  lab_acceleration: {
    schema: oneOf(['auto', 'kvm', 'hvf', 'tcg']),
    default: 'auto',
    description: 'how virtual machines are executed',
  },
  lab_port_base: {
    schema: integer(1024, 60_000),
    default: 22_000,
    description: "port on this machine: the first virtual machine's sshd is 100 above it, the second's 200",
  },
  lab_publish: { schema: list(), default: [], description: 'further ports of a virtual machine to forward' },
  lab_forwards: {
    schema: varTypes.mapping('{8080: 22101}'),
    description: 'set by Labbook: published ports of a virtual machine, and the ports of this machine in their place',
  },
  lab_chosen: { schema: text(), description: 'set by Labbook: why it chose another provider than the inventory' },
})

const timeoutVars = defineVars('timeouts', {
  slowdown: {
    schema: integer(1, 60),
    shownDefault: '10 in software emulation, else 1',
    description:
      '[timeout multiplier](lab.md#slow-machines): how many times slower than a dedicated processor a node is',
  },
})

const connectionVars = defineVars('connections', {
  ansible_host: {
    schema: text(),
    shownDefault: "the host's name",
    description: 'address, DNS name or alias in `~/.ssh/config`; also `ansible_ssh_host`',
  },
  ansible_port: {
    schema: integer(1, 65_535),
    shownDefault: '`22`',
    description: 'port of its sshd; also `ansible_ssh_port`',
  },
  ansible_user: {
    schema: text(),
    shownDefault: 'the user who runs Labbook',
    description: 'user to log in as; also `ansible_ssh_user`',
  },
  ansible_connection: {
    schema: accepts('ssh or local', (value) => (typeof value === 'string' ? value : undefined), { type: 'string' }),
    shownDefault: '`ssh`',
    description: '`local`: this machine, without SSH',
  },
  ansible_password: {
    schema: password,
    secret: true,
    description: 'password for SSH; also `ansible_ssh_pass`, `ansible_ssh_password`',
  },
  ansible_ssh_private_key_file: {
    schema: text(),
    shownDefault: 'keys of the agent, and of `~/.ssh`',
    description: 'private key to log in with; also `ansible_private_key_file`',
  },
  ansible_ssh_private_key_passphrase: {
    schema: password,
    secret: true,
    description: 'its passphrase; also `ansible_private_key_passphrase`',
  },
  ansible_ssh_timeout: {
    schema: varTypes.number(0, 86_400),
    shownDefault: '`10`',
    description: 'seconds to connect; also `ansible_timeout`',
  },
  ansible_host_key_checking: {
    schema: boolean,
    shownDefault: '`true`',
    description: '`false` accepts any host key; also `ansible_ssh_host_key_checking`',
  },
  ansible_ssh_common_args: {
    schema: text(),
    description:
      'arguments of `ssh`: `-o Name=value`, `-F`, `-J`; `ansible_ssh_args` precede and `ansible_ssh_extra_args` follow',
  },
  ansible_become: { schema: boolean, shownDefault: '`false`', description: 'run everything through sudo' },
  ansible_become_user: {
    schema: text(),
    shownDefault: '`root`',
    description: 'the user that sudo changes to; also `ansible_sudo_user`',
  },
  ansible_become_password: {
    schema: password,
    secret: true,
    description: 'password for sudo; also `ansible_become_pass`, `ansible_sudo_pass`',
  },
  ansible_become_exe: {
    schema: text(),
    shownDefault: '`sudo`',
    description: 'name or path of the program that is called as sudo; also `ansible_sudo_exe`',
  },
  ansible_become_flags: {
    schema: text(),
    shownDefault: '`-H`',
    description: 'other options for sudo; also `ansible_sudo_flags`',
  },
  ansible_become_method: {
    schema: accepts('sudo', (value) => (value === 'sudo' ? value : undefined), { enum: ['sudo'] }),
    shownDefault: '`sudo`',
    description: 'any other value is an error; so is `ansible_sudo_chdir`',
  },
})

const reportVars = defineVars('report', {
  report_title: {
    schema: text(),
    shownDefault: 'made of facts of the run',
    description: 'title of the [report](report.md)',
  },
  report_author: { schema: text(), description: 'its author' },
  report_course: { schema: text(), description: 'the course that it is handed in for' },
})

/** The variables that Labbook itself reads. */
export const RUNNER_VARS: readonly VarSet[] = [labVars, timeoutVars, connectionVars, reportVars]
