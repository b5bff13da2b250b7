import { chmodSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { screenshot } from '../../../../src/report/screenshot.ts'
import { shownCount } from '../../../../playbooks/app/page.ts'

t.test('the count is that of the page', async (t) => {
  const page = (count: string): string => `<output id="count" aria-live="polite" aria-label="Count">${count}</output>`
  t.equal(shownCount(page('12')), 12)
  t.equal(shownCount(page('\n  -3\n')), -3)
  t.equal(shownCount(page('–')), undefined, 'without Redis')
  t.equal(shownCount('<h1>This site can’t be reached</h1>'), undefined, 'an error page of Chromium')
})

t.test('a page has a picture and its HTML', async (t) => {
  const directory = t.testdir({
    chromium: `#!/bin/sh
for word in "$@"; do
  case $word in
    --screenshot=*) printf picture >"\${word#--screenshot=}" ;;
    --dump-dom) echo '<p>page</p>' ;;
  esac
done
`,
  })
  const browser = path.join(directory, 'chromium')
  chmodSync(browser, 0o755)
  t.same(await screenshot('http://127.0.0.1/', { CHROME_PATH: browser }), {
    image: Buffer.from('picture').toString('base64'),
    html: '<p>page</p>\n',
  })
})
