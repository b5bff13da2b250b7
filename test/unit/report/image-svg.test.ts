import t from 'tap'
import { imageSvg } from '../../../src/report/image-svg.ts'

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAADElEQVR4nGNgwAQAABQAAUsG4rgAAAAASUVORK5CYII='

t.test('a PNG is shown in its size; anything else is not', async (t) => {
  t.match(imageSvg(PNG, 'a <page>'), /^<svg [^>]*viewBox="0 0 3 2"[^>]*aria-label="a &lt;page&gt;"><image width="3" /)
  for (const other of ['', 'x"/><script>', Buffer.from('GIF89a'.padEnd(40)).toString('base64')])
    t.equal(imageSvg(other, 'x'), undefined, other)
  const huge = Buffer.from(PNG, 'base64')
  huge.writeUInt32BE(100_000, 16)
  t.equal(imageSvg(huge.toString('base64'), 'x'), undefined)
})
