import type { Place } from './fault.ts'

/** Nodes of a parsed template. `at` is where a node begins in its source. */
export type Expression =
  | { readonly type: 'constant'; readonly at: Place; readonly value: unknown }
  | { readonly type: 'name'; readonly at: Place; readonly name: string }
  | { readonly type: 'list' | 'tuple'; readonly at: Place; readonly items: readonly Expression[] }
  | { readonly type: 'dict'; readonly at: Place; readonly pairs: readonly (readonly [Expression, Expression])[] }
  | { readonly type: 'attribute'; readonly at: Place; readonly object: Expression; readonly name: string }
  | { readonly type: 'item'; readonly at: Place; readonly object: Expression; readonly key: Expression }
  | { readonly type: 'slice'; readonly at: Place; readonly bounds: readonly (Expression | undefined)[] }
  | { readonly type: 'call'; readonly at: Place; readonly callee: Expression; readonly args: Arguments }
  | {
      readonly type: 'filter'
      readonly at: Place
      /** Undefined in a filter block: its body. */
      readonly input: Expression | undefined
      readonly name: string
      readonly args: Arguments
    }
  | {
      readonly type: 'test'
      readonly at: Place
      readonly input: Expression
      readonly name: string
      readonly args: Arguments
    }
  | { readonly type: 'not' | 'negative' | 'positive'; readonly at: Place; readonly operand: Expression }
  | { readonly type: 'and' | 'or'; readonly at: Place; readonly left: Expression; readonly right: Expression }
  | {
      readonly type: 'binary'
      readonly at: Place
      readonly operator: BinaryOperator
      readonly left: Expression
      readonly right: Expression
    }
  | { readonly type: 'concat'; readonly at: Place; readonly items: readonly Expression[] }
  | {
      readonly type: 'compare'
      readonly at: Place
      readonly first: Expression
      readonly rest: readonly { readonly operator: CompareOperator; readonly operand: Expression }[]
    }
  | {
      readonly type: 'conditional'
      readonly at: Place
      readonly test: Expression
      readonly then: Expression
      readonly otherwise: Expression | undefined
    }

export type BinaryOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**'
export type CompareOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in'

export interface Arguments {
  readonly positional: readonly Expression[]
  readonly named: readonly (readonly [string, Expression])[]
  /** `*list` */
  readonly rest: Expression | undefined
  /** `**dict` */
  readonly restNamed: Expression | undefined
}

/** The left side of an assignment. */
export type Target =
  | { readonly type: 'name'; readonly at: Place; readonly name: string }
  | { readonly type: 'member'; readonly at: Place; readonly namespace: string; readonly name: string }
  | { readonly type: 'targets'; readonly at: Place; readonly items: readonly Target[] }

export interface Parameter {
  readonly name: string
  readonly otherwise: Expression | undefined
}

export interface Body {
  readonly name: string
  readonly parameters: readonly Parameter[]
  readonly body: readonly Statement[]
}

export type Statement =
  | { readonly type: 'text'; readonly at: Place; readonly text: string }
  | { readonly type: 'output'; readonly at: Place; readonly value: Expression }
  | {
      readonly type: 'if'
      readonly at: Place
      readonly branches: readonly { readonly test: Expression; readonly body: readonly Statement[] }[]
      readonly otherwise: readonly Statement[]
    }
  | {
      readonly type: 'for'
      readonly at: Place
      readonly target: Target
      readonly items: Expression
      readonly test: Expression | undefined
      readonly recursive: boolean
      readonly body: readonly Statement[]
      readonly otherwise: readonly Statement[]
    }
  | { readonly type: 'set'; readonly at: Place; readonly target: Target; readonly value: Expression }
  | {
      readonly type: 'setBlock'
      readonly at: Place
      readonly target: Target
      readonly filter: Expression | undefined
      readonly body: readonly Statement[]
    }
  | {
      readonly type: 'with'
      readonly at: Place
      readonly variables: readonly (readonly [Target, Expression])[]
      readonly body: readonly Statement[]
    }
  | ({ readonly type: 'macro'; readonly at: Place } & Body)
  | {
      readonly type: 'callBlock'
      readonly at: Place
      readonly call: Expression
      readonly parameters: readonly Parameter[]
      readonly body: readonly Statement[]
    }
  | {
      readonly type: 'filterBlock'
      readonly at: Place
      readonly filter: Expression
      readonly body: readonly Statement[]
    }
  | { readonly type: 'block'; readonly at: Place; readonly name: string; readonly body: readonly Statement[] }
  | { readonly type: 'extends'; readonly at: Place; readonly template: Expression }
  | {
      readonly type: 'include'
      readonly at: Place
      readonly template: Expression
      readonly ignoreMissing: boolean
      readonly withContext: boolean
    }
  | {
      readonly type: 'import'
      readonly at: Place
      readonly template: Expression
      /** `import x as NAME`; undefined for `from x import a as b`. */
      readonly as: string | undefined
      readonly names: readonly (readonly [string, string])[]
      readonly withContext: boolean
    }
