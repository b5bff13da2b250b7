import { apt, experiment, play, playbook, systemd, template } from 'labbook'
import { labOptions, labUp } from 'labbook/playbooks'

const web = play(
  'Web server',
  { hosts: 'web', become: true },
  ({ host }) => [
    apt('Install nginx', { name: ['nginx-light', 'curl'], update_cache: true, cache_valid_time: 3600 }),
    template('Write the page', {
      src: 'index.html.j2', // templates/index.html.j2
      dest: '/var/www/html/index.html',
      mode: '0644',
      vars: { greeting: `Hello from ${host}` },
    }),
    template('Configure the site', {
      src: 'site.conf.j2',
      dest: '/etc/nginx/sites-available/default',
      mode: '0644',
      notify: 'reload nginx',
    }),
    systemd('Start nginx', { name: 'nginx', state: 'started', enabled: true }),
  ],
  { 'reload nginx': systemd({ name: 'nginx', state: 'reloaded' }) },
)

/** A claim, and the output that shows it: both are in the report. */
const served = experiment(
  'Each server shows its page',
  { hosts: 'web', disturbs: false, assertions: { 'web.page': 'Each server answers with its own name' } },
  async (on) => {
    const pages = await Promise.all(
      on.hosts.map((host) =>
        on.exhibit({ host, title: `Page of ${host}`, command: 'curl --silent http://localhost/' }),
      ),
    )
    const right = on.hosts.filter((host, i) => (pages[i]?.stdout ?? '').includes(`Hello from ${host}`))
    on.finding('web.page', {
      holds: right.length === on.hosts.length,
      evidence: pages,
      detail: `${right.length} of ${on.hosts.length} servers show their page`,
    })
  },
)

export default playbook({
  name: 'web',
  description: 'A web server on each host of group web.',
  // Creates the lab of the inventory; does nothing for your own hosts.
  steps: [...labUp, web, served],
  lab: labOptions,
})
