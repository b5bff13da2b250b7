import { locustFiles, type LoadResult } from 'labbook/load'

/**
 * Data files of a load as Locust writes them: `PREFIX_stats.csv`, `PREFIX_stats_history.csv`, `PREFIX_failures.csv`;
 * and a self-contained page, `PREFIX.html`.
 *
 * @param title - of the page; default: the prefix.
 */
export async function locustData(
  prefix: string,
  result: LoadResult,
  title = prefix,
): Promise<{ name: string; text: string }[]> {
  // On demand: it loads the chart library.
  const { locustPage } = await import('./locust-page.ts')
  return [...locustFiles(prefix, result), { name: `${prefix}.html`, text: locustPage(title, result) }]
}
