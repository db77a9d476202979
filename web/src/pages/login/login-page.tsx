import { useEffect, useState, type SubmitEvent } from "react";
import { ApiError } from "../../api/api-error.ts";
import { useSignInOptions } from "../../api/access-queries.ts";
import { useSignIn } from "../../api/queries.ts";
import { ErrorNotice } from "../../parts/feedback.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Logo } from "../../parts/logo.tsx";

/** Asks for the admin key and says where it is. The key itself is not kept by the page. */
export function LoginPage() {
  const [key, setKey] = useState("");
  const signIn = useSignIn();
  const provider = useSignInOptions().data?.oidc;
  useEffect(() => {
    document.title = "Sign in · Weir";
  }, []);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (key.trim() !== "") signIn.mutate(key.trim());
  };

  return (
    <div className="login">
      <main className="login-card">
        <div className="login-brand">
          <Logo />
          <div>
            <h1>Weir</h1>
            <p className="quiet">Serve, watch, guard and ship language models</p>
          </div>
        </div>
        {provider && <ProviderButton {...provider} />}
        <form className="stack" onSubmit={submit}>
          {/* Password managers file a key under a name. */}
          <input hidden readOnly autoComplete="username" value="admin" />
          <div className="field">
            <label htmlFor="key">Admin key</label>
            <input
              id="key"
              className="input mono"
              type="password"
              autoComplete="current-password"
              autoFocus
              required
              value={key}
              onChange={(event) => setKey(event.target.value)}
              aria-describedby="key-hint"
            />
          </div>
          {signIn.error && <SignInError error={signIn.error} />}
          <button
            type="submit"
            className={provider ? "button" : "button primary"}
            disabled={signIn.isPending}
          >
            {signIn.isPending ? "Signing in…" : "Sign in"}
          </button>
        </form>
        <WhereIsTheKey />
      </main>
    </div>
  );
}

/** Leaves for the identity provider, which sends the browser back. */
function ProviderButton({ label, url }: { label: string; url: string }) {
  return (
    <>
      <a className="button primary" href={url}>
        Sign in with {label}
      </a>
      <p className="login-or">or with a key</p>
    </>
  );
}

function SignInError({ error }: { error: Error }) {
  if (!(error instanceof ApiError) || error.status !== 401) return <ErrorNotice error={error} />;
  const isExpired = /expired|was replaced/.test(error.message);
  return (
    <div className="notice clay" role="alert">
      <Icon name="warning" />
      <div>
        <strong>{isExpired ? "This key has ended." : "This key is not known here."}</strong>
        <p>
          {isExpired
            ? error.message
            : "Copy all of it, without the spaces around it. It must not be revoked, and needs the scope viewer, operator or admin."}
        </p>
      </div>
    </div>
  );
}

function WhereIsTheKey() {
  return (
    <div id="key-hint" className="login-hint">
      <h2>Where is the key?</h2>
      <p>
        Weir prints it once, in the terminal of its first start, and keeps only a hash. A key with
        the scope viewer or operator will do as well. Is it lost? Then make a new one on the server:
      </p>
      <pre>weir keys rotate --admin</pre>
    </div>
  );
}
