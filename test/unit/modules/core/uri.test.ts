import { readdirSync } from 'node:fs'
import t from 'tap'
import { uri } from '../../../../src/modules/core/uri.ts'
import { Secret } from '../../../../src/values/secret.ts'
import { converge, type Shell } from '../../../support/shells.ts'
import { serve } from '../http-server.ts'
import { descriptions, inEachShell } from '../each-shell.ts'

t.test('uri sends requests to a web server', async (t) => {
  const port = await serve(t)
  const at = (path: string): string => `http://127.0.0.1:${port}${path}`
  const look = (shell: Shell, params: object) => converge(shell, uri, params as never).before
  const send = (shell: Shell, params: object) => {
    const run = converge(shell, uri, params as never)
    return {
      planned: descriptions(run.before),
      ...uri.definition.result?.(uri.definition.schema.parse(params), run.applied),
    }
  }

  inEachShell(t, (t, shell) => {
    t.same(look(shell, { url: at('/status/200') }), { changes: [], values: { status: 200, url: at('/status/200') } })
    t.match(look(shell, { url: at('/status/200'), return_content: true }).values, { content: 'a\nb\n' })
    t.equal(look(shell, { url: at('/nowhere') }).problem, `status code was 404 and not 200: ${at('/nowhere')}`)
    t.equal(look(shell, { url: at('/status/503'), status_code: [200, 503] }).problem, undefined)
    t.equal(look(shell, { url: at('/status/200'), method: 'head' }).problem, undefined)
    t.match(look(shell, { url: at('/moved') }).values, { status: 200, url: at('/file') })

    const dead = look(shell, { url: 'http://127.0.0.1:1/' })
    t.match(dead.problem, /^no response from http:\/\/127\.0\.0\.1:1\/: curl: \(7\)/)
    t.match(dead.values, { status: -1 })
    t.same(look(shell, { url: 'http://127.0.0.1:1/', status_code: [-1, 200] }), {
      changes: [],
      values: { status: -1, url: 'http://127.0.0.1:1/' },
    })

    const headers = { 'X-Odd': new Secret('a "b" \\ $c \'d\' é'), 'X-Empty': '' }
    const echoed = look(shell, {
      url: at('/echo?a=[1]&b={x,y}'),
      headers,
      return_content: true,
      url_username: 'me',
      url_password: 'p:w',
    }).values?.json
    t.match(echoed, {
      method: 'GET',
      url: '/echo?a=[1]&b={x,y}',
      headers: { authorization: `Basic ${Buffer.from('me:p:w').toString('base64')}`, 'x-empty': '' },
    })
    t.equal(
      Buffer.from((echoed as { headers: Record<string, string> }).headers['x-odd'] ?? '', 'latin1').toString(),
      'a "b" \\ $c \'d\' é',
    )

    const posted = send(shell, {
      url: at('/echo'),
      method: 'POST',
      body: { a: [1, "it's\n"], b: new Secret('s') },
      body_format: 'json',
      return_content: true,
    })
    t.same(posted.planned, [`send POST to ${at('/echo')}`])
    t.match(posted.values?.json, {
      method: 'POST',
      body: '{"a":[1,"it\'s\\n"],"b":"s"}',
      headers: { 'content-type': 'application/json' },
    })
    t.match(
      send(shell, {
        url: at('/echo'),
        method: 'PUT',
        body: { a: 'x y', b: 1 },
        body_format: 'form-urlencoded',
        return_content: true,
      }).values?.json,
      { body: 'a=x+y&b=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    )
    const form = (body: unknown): unknown =>
      (
        send(shell, { url: at('/echo'), method: 'POST', body, body_format: 'form-urlencoded', return_content: true })
          .values?.json as { body: string }
      ).body
    t.equal(form({ a: ['1', '2'], b: [], c: null, d: [true, 3] }), 'a=1&a=2&d=true&d=3', 'a list is sent several times')
    t.equal(
      form([
        ['a', '1'],
        ['a', new Secret('2 3')],
      ]),
      'a=1&a=2+3',
      'a list of pairs is a form',
    )
    t.match(send(shell, { url: at('/echo'), method: 'PUT', body: '@/etc/passwd', return_content: true }).values?.json, {
      body: '@/etc/passwd',
    })
    t.match(send(shell, { url: at('/echo'), method: 'POST', body: '', return_content: true }).values?.json, {
      body: '',
      headers: { 'content-length': '0', 'content-type': 'application/x-www-form-urlencoded' },
    })
    t.match(look(shell, { url: at('/echo/../echo/x'), return_content: true }).values?.json, { url: '/echo/../echo/x' })
    t.same(look(shell, { url: at('/zipped'), return_content: true }).values, {
      status: 200,
      url: at('/zipped'),
      content: '{"a":1}',
      json: { a: 1 },
    })
    t.same(look(shell, { url: at('/zipped') }).values, { status: 200, url: at('/zipped'), json: { a: 1 } })
    t.match(look(shell, { url: at('/moved'), method: 'HEAD' }).values, { status: 200, url: at('/file') })
    t.match(look(shell, { url: at('/moved'), method: 'OPTIONS', status_code: 302 }).values, { url: at('/moved') })
    t.equal(
      send(shell, { url: at('/status/500'), method: 'DELETE' }).failed,
      `status code was 500 and not 200: ${at('/status/500')}`,
    )
  })
})

t.test('uri registers JSON without its text', async (t) => {
  const body = '{"a":[1]}'
  const long = JSON.stringify('x'.repeat(8_000_000))
  const port = await serve(t, Buffer.from('a file\n'), '', {
    '/json': ['application/json', body],
    '/problem': ['application/problem+JSON; charset=utf-8', body],
    '/script': ['text/javascript', body],
    '/broken': ['application/json', '{"a":'],
    '/lines': ['application/jsonl', body],
    '/text': ['text/plain', body],
    '/long': ['application/json', long],
    '/empty': ['application/json', ''],
  })
  inEachShell(t, (t, shell, folder) => {
    const temporary = process.env['TMPDIR']
    process.env['TMPDIR'] = folder
    t.teardown(() => (process.env['TMPDIR'] = temporary ?? '/tmp'))
    const values = (path: string, more: object = {}) =>
      converge(shell, uri, { url: `http://127.0.0.1:${port}${path}`, ...more }).before.values
    for (const path of ['/json', '/problem', '/script']) {
      const status = { status: 200, url: `http://127.0.0.1:${port}${path}`, json: { a: [1] } }
      t.same(values(path), status, path)
      t.same(values(path, { return_content: true }), { ...status, content: body }, path)
    }
    for (const path of ['/broken', '/lines', '/text', '/long', '/empty'])
      t.same(values(path), { status: 200, url: `http://127.0.0.1:${port}${path}` }, path)
    t.same(values('/json', { method: 'HEAD' }), { status: 200, url: `http://127.0.0.1:${port}/json` }, 'HEAD')
    t.same(readdirSync(folder), [], 'no temporary files are left')
  })
})

t.test('secrets of uri are in no argv', async (t) => {
  const { definition } = uri
  const params = definition.schema.parse({
    url: 'http://127.0.0.1/',
    headers: { Authorization: new Secret('Bearer t0ken') },
  })
  const line = definition.probe(params, {}).split(' | ')
  t.match(line[0], 't0ken')
  t.match(line[1], /^curl -q --config - 3>&1 >"\$lb_dir\/end";/)
})

t.test('uri rejects contradictory parameters', async (t) => {
  const why = (params: object): string =>
    uri.definition.schema
      .safeParse(params)
      .error?.issues.map(({ message }) => message)
      .join() ?? ''
  t.match(why({ url: 'ftp://a' }), 'starts with http:// or https://')
  t.match(why({ url: 'http://a', creates: '/a' }), '"creates" is not supported: use stat, and when')
  t.match(why({ url: 'http://a', headers: { A: 'b\nc' } }), 'a header must be one line')
  t.match(why({ url: 'http://a', method: 'POST', body: { a: 1 } }), 'requires body_format')
  for (const body of [{ a: { b: 1 } }, ['a'], [['a', 'b', 'c']], 5])
    t.match(why({ url: 'http://a', method: 'POST', body, body_format: 'form-urlencoded' }), 'a form has text')
})
