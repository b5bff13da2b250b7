import type { ProviderName } from './lab.ts'
import { namespaces } from './namespaces.ts'
import type { Provider } from './provider.ts'
import { qemu } from './qemu/provider.ts'

/** Every kind of machines a lab can be made of. */
export const PROVIDERS: Readonly<Record<ProviderName, Provider>> = { namespaces, qemu }

export const providerOf = ({ provider }: { readonly provider: ProviderName }): Provider => PROVIDERS[provider]
