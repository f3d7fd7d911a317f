/** Looks for secrets in what a process has said. */

/** Shorter ones would be found by chance. */
const SHORTEST = 8;

/**
 * Where secrets show, one line each, without the secrets. They are looked for as they are, in base64, and escaped for a URL
 * and for JSON; one of several lines, such as a private key, by each of its longer lines.
 */
export function leaksOf(secrets: Iterable<string>, texts: Readonly<Record<string, string>>): string[] {
  const leaks: string[] = [];
  for (const secret of new Set(secrets)) {
    const forms = formsOf(secret);
    for (const [where, text] of Object.entries(texts)) {
      const form = forms.find((each) => text.includes(each));
      if (form === undefined) continue;
      const at = text.indexOf(form);
      const before = text.slice(Math.max(0, at - 120), at).replaceAll('\n', ' ');
      leaks.push(`${where} has a secret of ${secret.length} characters after: …${before}`);
    }
  }
  return leaks;
}

function formsOf(secret: string): string[] {
  const parts = secret.includes('\n') ? secret.split('\n').filter((line) => /^[\w+/=]{32,}$/.test(line)) : [secret];
  return parts
    .filter((part) => part.length >= SHORTEST)
    .flatMap((part) => [
      part,
      Buffer.from(part).toString('base64').replace(/=+$/, ''),
      encodeURIComponent(part),
      JSON.stringify(part).slice(1, -1),
    ]);
}

/** What must not be shown of an access token: all of it, and its signature, with which it could be put together again. */
export function partsOfToken(token: string): string[] {
  const signature = token.split('.').at(-1) ?? '';
  return [token, signature];
}
