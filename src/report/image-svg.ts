import { escapeMarkup } from './html.ts'
import { dropUnprintable } from './unprintable.ts'

const SIGNATURE = '89504e470d0a1a0a'
/** Larger pictures would not be of a page in a browser. */
const MAX_SIDE = 4000
/** Text of a page is as large as that of the report, or smaller. */
const SCALE = 0.6

/** A PNG as an SVG that contains it, so that the report treats it as any other picture; undefined: it is no PNG. */
export function imageSvg(base64: string, title: string): string | undefined {
  if (!/^[A-Za-z0-9+/]+=*$/.test(base64)) return undefined
  // The header of a PNG has its size, at bytes 16 and 20.
  const header = Buffer.from(base64.slice(0, 44), 'base64')
  if (header.length < 24 || header.toString('hex', 0, 8) !== SIGNATURE) return undefined
  const [width, height] = [header.readUInt32BE(16), header.readUInt32BE(20)]
  if (width === 0 || height === 0 || width > MAX_SIDE || height > MAX_SIDE) return undefined
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width * SCALE}" height="${height * SCALE}" ` +
    `role="img" aria-label="${escapeMarkup(dropUnprintable(title))}">` +
    `<image width="${width}" height="${height}" href="data:image/png;base64,${base64}"/>` +
    `<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" fill="none" stroke="#999"/></svg>\n`
  )
}
