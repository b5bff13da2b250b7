import { copy, file, lineinfile, play, playbook, user } from '../../../src/labbook.ts'

const four = play('Four', { hosts: 'all' }, () => [
  file({ path: '/srv/four', state: 'directory', owner: 'root', group: 'root', mode: '0755' }),
  copy({
    src: 'bench/material/files/limits.conf',
    dest: '/srv/four/limits.conf',
    owner: 'root',
    group: 'root',
    mode: '0644',
  }),
  lineinfile({ path: '/etc/environment', line: 'APP_ENV=production' }),
  user({ name: 'erin', uid: 2505, home: '/home/erin', shell: '/bin/bash' }),
])

export default playbook({ name: 'four', description: 'Benchmark: 4 idempotent tasks on every host.', steps: [four] })
