/** The version of this command, written in by the bundler. */
declare const __VERSION__: string | undefined;

export const VERSION = typeof __VERSION__ === 'undefined' ? 'dev' : __VERSION__;
/** Of all documents that the verbs write. Additive only. */
export const OUTPUT_VERSION = 'cli.azure-ir.io/v1';
