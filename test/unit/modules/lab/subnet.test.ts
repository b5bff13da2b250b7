import fc from 'fast-check'
import t from 'tap'
import { gateway, isNodeAddress, overlap, parseSubnet } from '../../../../src/modules/lab/subnet.ts'

await t.test('parseSubnet() clears host bits', async (t) => {
  t.strictSame(parseSubnet('10.77.0.9/24'), parseSubnet('10.77.0.0/24'))
  t.equal(parseSubnet('10.77.0.0/24').last - parseSubnet('10.77.0.0/24').first, 255n)
  t.equal(parseSubnet('255.255.255.255').prefix, 32)
})

await t.test('parseSubnet() rejects invalid text', async (t) => {
  for (const text of ['10.77.0/24', '10.77.0.256/24', '10.77.0.0/33', '10.77.0.0/', 'x', '10.077.0.0/24', '']) {
    t.throws(() => parseSubnet(text), { message: `"${text}" is not an IPv4 network` }, text)
  }
})

await t.test('nodes never get the network, gateway or broadcast address', async (t) => {
  const subnet = parseSubnet('10.77.0.0/24')
  t.equal(gateway(subnet), '10.77.0.1')
  const fit = ['10.77.0.0', '10.77.0.1', '10.77.0.2', '10.77.0.254', '10.77.0.255', '10.77.1.2'].filter((a) =>
    isNodeAddress(subnet, a),
  )
  t.strictSame(fit, ['10.77.0.2', '10.77.0.254'])
})

await t.test('networks overlap exactly if one contains the first address of the other', async () => {
  const subnet = fc
    .tuple(fc.ipV4(), fc.integer({ min: 1, max: 32 }))
    .map(([address, prefix]) => parseSubnet(`${address}/${prefix}`))
  fc.assert(
    fc.property(subnet, subnet, (a, b) => {
      const contains = (x: typeof a, address: bigint) => address >= x.first && address <= x.last
      return overlap(a, b) === (contains(a, b.first) || contains(b, a.first))
    }),
  )
})

await t.test('adjacent networks do not overlap, an address overlaps with itself', async (t) => {
  const both = (a: string, b: string): boolean => overlap(parseSubnet(a), parseSubnet(b))
  t.notOk(both('10.77.0.0/24', '10.77.1.0/24'))
  t.ok(both('10.77.0.7', '10.77.0.7'))
  t.ok(both('10.77.0.255', '10.77.0.0/24'))
})
