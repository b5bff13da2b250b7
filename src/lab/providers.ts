import type { ProviderName } from './lab.ts'
import { namespaces } from './namespaces.ts'
import type { Provider } from './provider.ts'
import { qemu } from './qemu/provider.ts'

/** All lab providers. */
export const PROVIDERS: Readonly<Record<ProviderName, Provider>> = { namespaces, qemu }

export const providerOf = ({ provider }: { readonly provider: ProviderName }): Provider => PROVIDERS[provider]
