import fc from 'fast-check'
import t from 'tap'
import { expandHosts } from '../../../src/inventory/host-ranges.ts'

t.test('key under hosts: expands to the same hosts as in Ansible', async (t) => {
  const cases: [string, string[]][] = [
    ['web1', ['web1']],
    ['web1.example.com', ['web1.example.com']],
    ['node[1:3]', ['node1', 'node2', 'node3']],
    ['node[:2]', ['node0', 'node1', 'node2']],
    ['node[08:10]', ['node08', 'node09', 'node10']],
    ['node[1:9:4]', ['node1', 'node5', 'node9']],
    ['rack-[a:c]', ['rack-a', 'rack-b', 'rack-c']],
    ['[a:b][1:2].lan', ['a1.lan', 'a2.lan', 'b1.lan', 'b2.lan']],
    ['10.0.0.[1:2]', ['10.0.0.1', '10.0.0.2']],
    ['fe80::1', ['fe80::1']],
  ]
  for (const [entry, names] of cases) t.same(expandHosts(entry), { names }, entry)
})

t.test('port after the name is separated', async (t) => {
  t.same(expandHosts('web[1:2]:2222'), { names: ['web1', 'web2'], port: 2222 })
  t.same(expandHosts('[fe80::1]:2222'), { names: ['fe80::1'], port: 2222 })
  t.throws(() => expandHosts('web1:70000'), /port 70000 is not in 1\.\.65535/)
})

t.test('error for an invalid key has the reason', async (t) => {
  const cases: [string, RegExp][] = [
    ['node[1-3]', /invalid range \[1-3\]: write \[begin:end\]/],
    ['node[1:]', /invalid range/],
    ['node[1:2:3:4]', /invalid range/],
    ['node[a:3]', /invalid range/],
    ['node[3:1]', /is reversed/],
    ['node[c:a]', /is reversed/],
    ['node[1:3:0]', /step .* is 0/],
    ['node[01:100]', /different widths/],
    ['node[1:99999999]', /more than 65536 hosts/],
    ['[1:300]-[1:300]', /more than 65536 hosts/],
    ['node[1:3', /close the bracket of the range/],
    ['web1 web2', /on its own line, followed by a colon/],
    ['-oProxyCommand=x', /not a host name/],
    ['web*', /not a host name/],
    ['', /empty/],
  ]
  for (const [entry, message] of cases) t.throws(() => expandHosts(entry), message, entry)
})

const bounds = fc.tuple(fc.nat(400), fc.nat(400)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)

t.test('range has every step-th number from its first to its last', async () => {
  fc.assert(
    fc.property(bounds, fc.integer({ min: 1, max: 50 }), ([first, last], step) => {
      const { names } = expandHosts(`n[${first}:${last}:${step}]`)
      const numbers = names.map((name) => Number(name.slice(1)))
      return (
        numbers[0] === first &&
        numbers.every((number) => number <= last && (number - first) % step === 0) &&
        last - (numbers.at(-1) ?? NaN) < step &&
        numbers.length === new Set(numbers).size
      )
    }),
  )
})

t.test('zero-padded range has names of equal width in sort order', async () => {
  fc.assert(
    fc.property(bounds, ([first, last]) => {
      const pad = (value: number) => String(value).padStart(4, '0')
      const { names } = expandHosts(`n[${pad(first)}:${pad(last)}]`)
      return (
        names.length === last - first + 1 &&
        names.every((name) => name.length === 5) &&
        names.join() === [...names].sort().join()
      )
    }),
  )
})

t.test('two ranges multiply, and the last varies fastest', async () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), (a, b) => {
      const { names } = expandHosts(`x[1:${a}]y[1:${b}]`)
      const expected = (index: number) => `x${Math.floor(index / b) + 1}y${(index % b) + 1}`
      return names.length === a * b && names.every((name, index) => name === expected(index))
    }),
  )
})
