import { useEffect, useState, type SubmitEvent } from "react";
import { ApiError } from "../../api/api-error.ts";
import { useSignIn } from "../../api/queries.ts";
import { ErrorNotice } from "../../parts/feedback.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Logo } from "../../parts/logo.tsx";

/** Asks for the admin key and says where it is. The key itself is not kept by the page. */
export function LoginPage() {
  const [key, setKey] = useState("");
  const signIn = useSignIn();
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
          <button type="submit" className="button primary" disabled={signIn.isPending}>
            {signIn.isPending ? "Signing in…" : "Sign in"}
          </button>
        </form>
        <WhereIsTheKey />
      </main>
    </div>
  );
}

function SignInError({ error }: { error: Error }) {
  if (!(error instanceof ApiError) || error.status !== 401) return <ErrorNotice error={error} />;
  return (
    <div className="notice clay" role="alert">
      <Icon name="warning" />
      <div>
        <strong>This key is not known.</strong>
        <p>Copy all of it, without the spaces around it, and check that it was not revoked.</p>
      </div>
    </div>
  );
}

function WhereIsTheKey() {
  return (
    <div id="key-hint" className="login-hint">
      <h2>Where is the key?</h2>
      <p>
        Weir prints it once, in the terminal of its first start, and keeps only a hash. Is it lost?
        Then make a new one on the server:
      </p>
      <pre>weir keys rotate --admin</pre>
    </div>
  );
}
