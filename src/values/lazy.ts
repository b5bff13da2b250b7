type Data = Readonly<Record<string, unknown>>

/** A mapping whose values are read when they are used. It has no prototype: code that copies data leaves it alone. */
export function lazyMapping(names: Iterable<string>, read: (name: string) => unknown): Data {
  const mapping = Object.create(null) as Data
  for (const name of names)
    Object.defineProperty(mapping, name, { enumerable: true, configurable: true, get: () => read(name) })
  return mapping
}

/** The values of all layers, later ones first, each read when it is used. */
export function overlay(...layers: readonly Data[]): Data {
  const layerOf = new Map(layers.flatMap((layer) => Object.keys(layer).map((name) => [name, layer] as const)))
  return lazyMapping(layerOf.keys(), (name) => layerOf.get(name)?.[name])
}
