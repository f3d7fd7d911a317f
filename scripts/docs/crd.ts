/** The CRD as the reference pages need it: its fields with what their descriptions say. */
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { code } from './markdown.ts';

interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly enum?: readonly (string | number)[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

interface Column {
  readonly name: string;
  readonly description?: string;
  readonly priority?: number;
}

interface Version {
  readonly schema: { readonly openAPIV3Schema: Schema };
  readonly additionalPrinterColumns: readonly Column[];
}

export interface Crd {
  readonly spec: { readonly versions: readonly [Version] };
}

/** A field of spec or status, by its path below it. */
export interface Field {
  readonly path: string;
  readonly type: string;
  /** What holds when it is left out; undefined: its description does not say. */
  readonly absent: string | undefined;
  readonly meaning: string;
}

export async function readCrd(): Promise<Crd> {
  const url = new URL('../../crds/azure-ir.io_azureintegrationruntimes.yaml', import.meta.url);
  return parse(await readFile(url, 'utf8')) as Crd;
}

export function schemaOf({ spec }: Crd, part: 'spec' | 'status'): Schema {
  return spec.versions[0].schema.openAPIV3Schema.properties?.[part] ?? {};
}

export function columnsOf({ spec }: Crd): readonly Column[] {
  return spec.versions[0].additionalPrinterColumns;
}

/** Every field below a schema, each before the fields below it; an entry of a list is `name[]`. */
export function fieldsOf(schema: Schema, prefix = ''): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const path = `${prefix}${name}`;
    const below = child.items === undefined ? fieldsOf(child, `${path}.`) : fieldsOf(child.items, `${path}[].`);
    return [{ path, type: typeOf(child), ...said(child.description ?? '') }, ...below];
  });
}

function typeOf({ type = 'any', format, enum: values, items }: Schema): string {
  if (values !== undefined) return values.map((value) => code(String(value))).join(', ');
  if (format === 'date-time') return 'time';
  return items === undefined ? type : `list of ${typeOf(items)}`;
}

/** Descriptions in the CRD say "Defaults to …." or "If unset, …." of an optional field, "Unset …." in status, and "Required." of one that must be set. */
const ABSENCE = /\b(?:Defaults to (.+?)|If unset, (.+?)|Unset (.+?)|Required)\.(?= |$)/;

function said(description: string): Pick<Field, 'absent' | 'meaning'> {
  const [sentence = '', fallback, kept, unset] = ABSENCE.exec(description) ?? [];
  const meaning = description.replace(sentence, '').replaceAll('  ', ' ').trim();
  return { absent: fallback ?? kept ?? unset ?? (sentence === '' ? undefined : 'rejected'), meaning };
}
