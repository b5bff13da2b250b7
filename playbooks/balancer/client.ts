import http from 'node:http'
import type { Endpoint } from '../app/client.ts'

/** What an answer says of the way it came. */
export interface Answer {
  readonly status: number
  readonly count: number
  readonly replica: string
  readonly node: string
  /** The node of the balancer, and which program it is. */
  readonly balancerNode: string
  readonly balancer: string
}

/** One who asks: with a jar of cookies, as a browser has, or without. */
export class Visitor {
  readonly #jar: Map<string, string> | undefined

  constructor({ cookies }: { readonly cookies: boolean }) {
    this.#jar = cookies ? new Map() : undefined
  }

  /**
   * One request on a connection of its own.
   *
   * @throws when no whole answer came within the time limit.
   */
  ask(
    { host, port, from, slowdown = 1 }: Endpoint,
    method: 'GET' | 'POST',
    path: string,
    limitMs = 8000,
  ): Promise<Answer> {
    const timeLimitMs = limitMs * slowdown
    return new Promise((resolve, reject) => {
      const cookies = [...(this.#jar ?? [])].map(([name, value]) => `${name}=${value}`).join('; ')
      const request = http.request(
        {
          host,
          port,
          method,
          path,
          agent: false,
          timeout: timeLimitMs,
          headers: cookies === '' ? {} : { cookie: cookies },
          ...(from === undefined ? {} : { localAddress: from }),
        },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () => {
            this.#keep(response.headers['set-cookie'] ?? [])
            resolve(answerFrom(response.statusCode ?? 0, response.headers, Buffer.concat(chunks).toString('utf8')))
          })
        },
      )
      request.on('timeout', () => request.destroy(new Error(`${method} ${path}: no answer within ${timeLimitMs} ms`)))
      request.on('error', reject)
      request.end()
    })
  }

  #keep(cookies: readonly string[]): void {
    for (const cookie of cookies) {
      const [, name = '', value = ''] = /^([^=;]+)=([^;]*)/.exec(cookie) ?? []
      this.#jar?.set(name, value)
    }
  }
}

function answerFrom(status: number, headers: http.IncomingHttpHeaders, body: string): Answer {
  const header = (name: string): string => String(headers[name] ?? '')
  return {
    status,
    count: countIn(body),
    replica: header('x-replica'),
    node: header('x-node'),
    balancerNode: header('x-balancer-node'),
    balancer: header('x-balancer'),
  }
}

function countIn(body: string): number {
  try {
    return Number((JSON.parse(body) as Record<string, unknown>).count)
  } catch {
    return Number.NaN
  }
}

/** Of many requests: the good answers, and why others were none. */
export interface Tally {
  readonly answers: readonly Answer[]
  readonly errors: readonly string[]
}

/** Asks one after the other, in turn at each door. */
export async function askInTurn(
  visitor: Visitor,
  doors: readonly Endpoint[],
  path: string,
  times: number,
): Promise<Tally> {
  const answers: Answer[] = []
  const errors: string[] = []
  for (let n = 0; n < times; n++) {
    try {
      const answer = await visitor.ask(doors[n % doors.length] as Endpoint, 'GET', path)
      if (answer.status === 200) answers.push(answer)
      else errors.push(`status ${answer.status}`)
    } catch (error) {
      errors.push((error as Error).message)
    }
  }
  return { answers, errors }
}

/** Who answered, as a table. */
export function table({ answers, errors }: Tally): string {
  const rows = new Map<string, number>()
  for (const { balancerNode, node, replica } of answers) {
    const row = `${balancerNode.padEnd(12)} ${node.padEnd(12)} ${replica.padEnd(14)}`
    rows.set(row, (rows.get(row) ?? 0) + 1)
  }
  return [
    `${'BALANCER ON'.padEnd(12)} ${'APP ON'.padEnd(12)} ${'REPLICA'.padEnd(14)} ANSWERS`,
    ...[...rows].sort(([a], [b]) => a.localeCompare(b)).map(([row, n]) => `${row} ${n}`),
    `failed requests: ${errors.length}`,
    ...[...new Set(errors)].map((error) => `  ${error}`),
  ].join('\n')
}
