import { command, copy, file, group, lineinfile, play, playbook, shell, template, user } from '../../../src/labbook.ts'

const FILES = 'bench/material/files'
const TEMPLATES = 'bench/material/templates'

const account = (name: string, uid: number, login: string) =>
  user({ name, uid, group: 'app', home: `/home/${name}`, shell: login })

const directory = (path: string, mode: string, owner: string, owners: string) =>
  file({ path, state: 'directory', owner, group: owners, mode })

const put = (name: string, mode: string, owner: string, owners: string) =>
  copy({ src: `${FILES}/${name}`, dest: `/srv/app/config/${name}`, owner, group: owners, mode })

const fill = (name: string, dest: string, mode: string, owners: string) =>
  template({ src: `${TEMPLATES}/${name}`, dest, owner: 'root', group: owners, mode })

/** The 25 tasks; bench/runners has the same for other runners. */
const site = play('Site', { hosts: 'all' }, () => [
  group({ name: 'app', gid: 2500 }),
  account('alice', 2501, '/bin/bash'),
  account('bob', 2502, '/bin/bash'),
  account('carol', 2503, '/bin/bash'),
  account('dave', 2504, '/usr/sbin/nologin'),
  directory('/srv/app', '0755', 'root', 'app'),
  directory('/srv/app/config', '0750', 'root', 'app'),
  directory('/srv/app/logs', '0770', 'alice', 'app'),
  directory('/srv/app/releases', '0755', 'root', 'root'),
  put('server.conf', '0640', 'root', 'app'),
  put('limits.conf', '0644', 'root', 'root'),
  put('rotate.conf', '0644', 'root', 'root'),
  put('jobs.cron', '0600', 'alice', 'app'),
  put('words.list', '0644', 'bob', 'app'),
  fill('app.ini.j2', '/srv/app/config/app.ini', '0640', 'app'),
  fill('peers.list.j2', '/srv/app/config/peers.list', '0644', 'root'),
  fill('banner.j2', '/etc/issue', '0644', 'root'),
  lineinfile({ path: '/etc/hosts', line: '127.0.0.1 app.internal' }),
  lineinfile({ path: '/etc/environment', line: 'APP_ENV=production' }),
  lineinfile({ path: '/etc/security/limits.conf', line: 'alice hard nofile 65536' }),
  lineinfile({ path: '/etc/login.defs', regexp: '^UMASK', line: 'UMASK 027' }),
  file({ path: '/etc/motd', state: 'absent' }),
  file({ path: '/srv/app/current', src: '/srv/app/releases', state: 'link' }),
  command({ cmd: 'cp /usr/lib/os-release /srv/app/releases/os-release', creates: '/srv/app/releases/os-release' }),
  shell({ cmd: "df -P / | awk 'NR == 2 && $5 + 0 >= 95 { exit 1 }'", read_only: true }),
])

export default playbook({ name: 'site', description: 'Benchmark: 25 tasks on every host.', steps: [site] })
