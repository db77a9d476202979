/** A browser's part in a sign-in, without a window: cookies, redirects and forms. */

interface Cookie {
  readonly host: string;
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly isStrict: boolean;
}

export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

export interface Jar {
  /** Goes to an address and wherever it leads; `stopAt` ends the journey before that address is asked. */
  go(url: string | URL, options?: GoOptions): Promise<Page>;
  /** Fills in the page's first form and sends it. */
  submit(page: Page, fields: Readonly<Record<string, string>>): Promise<Page>;
  /** What the cookie of this name holds. */
  cookie(name: string): string | undefined;
  forget(): void;
}

interface GoOptions {
  readonly form?: Readonly<Record<string, string>>;
  readonly stopAt?: (url: URL) => boolean;
  readonly init?: Omit<RequestInit, "headers"> & { readonly headers?: Record<string, string> };
}

const MAX_HOPS = 20;

export function createJar(): Jar {
  let cookies: Cookie[] = [];

  function keep(url: URL, headers: Headers): void {
    for (const line of headers.getSetCookie()) {
      const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
      const at = pair.indexOf("=");
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
      const of = (key: string) =>
        attributes.find((one) => one.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1);
      const [path, expires] = [of("path") ?? "/", of("expires")];
      const isOld = expires !== undefined && Date.parse(expires) <= Date.now();
      cookies = cookies.filter(
        (one) => one.host !== url.hostname || one.name !== name || one.path !== path,
      );
      const isStrict = of("samesite")?.toLowerCase() === "strict";
      if (!isOld) cookies.push({ host: url.hostname, name, value, path, isStrict });
    }
  }

  /** A strict cookie stays away from a journey that another site began. */
  function header(url: URL, isCrossSite: boolean): string {
    return cookies
      .filter(({ host, path, isStrict }) => {
        return host === url.hostname && url.pathname.startsWith(path) && !(isStrict && isCrossSite);
      })
      .map(({ name, value }) => `${name}=${value}`)
      .join("; ");
  }

  async function go(address: string | URL, { form, stopAt, init }: GoOptions = {}): Promise<Page> {
    let url = new URL(address);
    let body = form && new URLSearchParams(form);
    let isCrossSite = false;
    for (let hop = 0; hop < MAX_HOPS; hop++) {
      const response = await fetch(url, {
        redirect: "manual",
        ...(body && { method: "POST", body }),
        ...init,
        headers: { accept: "text/html", ...init?.headers, cookie: header(url, isCrossSite) },
      });
      keep(url, response.headers);
      const to = response.headers.get("location");
      const text = await response.text();
      const page = { url, status: response.status, text, headers: response.headers };
      if (to === null || response.status < 300 || response.status > 399) return page;
      const next = new URL(to, url);
      if (next.hostname !== url.hostname) isCrossSite = true;
      if (stopAt?.(next)) return { ...page, url: next };
      url = next;
      body = undefined;
    }
    throw new Error(`still being sent around at ${url.href}`);
  }

  return {
    go,
    submit(page, fields) {
      const action = /<form[^>]*action="([^"]+)"/.exec(page.text)?.[1];
      if (action === undefined) throw new Error(`no form at ${page.url.href}: ${page.text}`);
      const hidden = Array.from(
        page.text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g),
        ([, name = "", value = ""]) => [name, value] as const,
      );
      const form = { ...Object.fromEntries(hidden), ...fields };
      return go(new URL(action, page.url), { form });
    },
    cookie: (name) => cookies.find((one) => one.name === name)?.value,
    forget: () => (cookies = []),
  };
}
