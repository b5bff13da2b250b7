import { execFileSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import t from 'tap'
import { partitionDuring, inconclusiveIfTooSlow } from '../../../../playbooks/methods/partition.ts'
import { verbatim } from '../../../../playbooks/messages/say.ts'
import { messageText, type Exhibit } from '../../../../src/labbook.ts'

const DAEMON_LOG = `2026-11-22T14:11:56+0000 node3 dockerd[992]: time="2026-11-22T14:11:56.131741005Z" level=info msg="memberlist: Marking 72c3f070ca2a as failed, suspect timeout reached (0 peer confirmations)"
2026-11-22T14:11:56+0000 node3 dockerd[992]: time="2026-11-22T14:11:56.159774264Z" level=info msg="Node 72c3f070ca2a/10.77.0.11, left gossip cluster"
2026-11-22T14:11:58+0000 node3 dockerd[992]: time="2026-11-22T14:11:58.715656615Z" level=info msg="Node 72c3f070ca2a/10.77.0.11, joined gossip cluster"
`
const observed = { title: 'watch', durationMs: 2500 } as Exhibit
const timeline = { title: 'timeline' } as Exhibit

t.test('network partition makes failed requests inconclusive', async (t) => {
  const bin = t.testdir({
    journalctl: '#!/bin/sh\ncase "$*" in "-u docker --since -"[3-9]"s "*) cat "$JOURNAL" ;; *) exit 9 ;; esac\n',
    node3: DAEMON_LOG,
    node1: DAEMON_LOG.split('\n')[0] ?? '',
  })
  chmodSync(`${bin}/journalctl`, 0o755)
  const partitionOf = (failed: number, swarm: string[]) =>
    partitionDuring(
      {
        groups: { swarm },
        exhibit: async ({ title, host = '', command }) =>
          ({
            title,
            host,
            stdout: execFileSync('sh', ['-c', command], {
              encoding: 'utf8',
              env: { PATH: `${bin}:${process.env.PATH ?? ''}`, JOURNAL: `${bin}/${host}` },
            }),
          }) as Exhibit,
      },
      observed,
      failed,
    )

  t.equal(await partitionOf(0, ['node3']), undefined, 'nothing failed')
  t.equal(await partitionOf(3, ['node1']), undefined, 'no node lost gossip')
  const partition = await partitionOf(3, ['node1', 'node3'])
  t.match(partition, {
    exhibits: [
      { host: 'node1', stdout: '' },
      { host: 'node3', stdout: '2026-11-22T14:11:56+0000 Node 72c3f070ca2a/10.77.0.11, left gossip cluster\n' },
    ],
  })
  t.match(messageText(partition?.reason ?? ''), /^node3 lost the gossip/)

  const bad = { holds: false, evidence: [timeline], detail: verbatim('3 of 9 requests failed') }
  t.equal(inconclusiveIfTooSlow(undefined, bad), bad)
  const good = { ...bad, holds: true }
  t.equal(inconclusiveIfTooSlow(partition, good), good)
  const inconclusive = inconclusiveIfTooSlow(partition, bad)
  t.match(inconclusive, { holds: null, evidence: [timeline, { host: 'node1' }, { host: 'node3' }] })
  t.match(messageText(inconclusive.detail), /^3 of 9 requests failed; node3 lost/)
})
