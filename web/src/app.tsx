// SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef, useState } from "preact/hooks";
import { token } from "./api";
import { span } from "./format";
import { CommandsPage } from "./pages/commands";
import { ConfigurationPage } from "./pages/configuration";
import { DevicePage } from "./pages/device";
import { DevicesPage } from "./pages/devices";
import { FleetPage } from "./pages/fleet";
import { LettersPage } from "./pages/letters";
import { Dialog } from "./parts";
import { Link, Place, signIn, signOut, usePlace, useShared } from "./store";

const pages: [string, string][] = [
  ["", "Fleet"],
  ["devices", "Devices"],
  ["commands", "Commands"],
  ["dead-letters", "Dead letters"],
  ["configuration", "Configuration"],
];

const links: Record<Link, string> = { connecting: "Connecting…", live: "Live", lost: "No connection; trying again", "signed-out": "Signed out" };

function show(place: Place) {
  const [first, second, third] = place.path;
  if (first === undefined) return <FleetPage />;
  if (first === "devices" && third !== undefined) return <DevicePage key={`${second}/${third}`} application={second} device={third} />;
  if (first === "devices") return <DevicesPage asked={place.asked} />;
  if (first === "commands") return <CommandsPage asked={place.asked} />;
  if (first === "dead-letters") return <LettersPage asked={place.asked} />;
  if (first === "configuration") return <ConfigurationPage />;
  return (
    <>
      <h1>There is no such page</h1>
      <p>
        <a href="#/">To the fleet</a>
      </p>
    </>
  );
}

const themes = ["auto", "light", "dark"] as const;
function useTheme(): [string, () => void] {
  const [theme, set] = useState(() => localStorage.getItem("causeway.theme") ?? "auto");
  useEffect(() => {
    if (theme === "auto") document.documentElement.removeAttribute("data-theme");
    else document.documentElement.setAttribute("data-theme", theme);
    localStorage.setItem("causeway.theme", theme);
    dispatchEvent(new Event("causeway-theme"));
  }, [theme]);
  return [theme, () => set((old) => themes[(themes.indexOf(old as (typeof themes)[number]) + 1) % themes.length])];
}

function SignIn({ needed, close }: { needed: boolean; close: () => void }) {
  const [fault, setFault] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const send = (event: Event) => {
    event.preventDefault();
    signIn(field.current?.value.trim() ?? "").then(close, (why: Error) => setFault(why.message));
  };
  return (
    <Dialog title="Token of the admin API" onClose={close}>
      <form onSubmit={send}>
        <p>
          {needed ? "This address shows nothing without it." : "Changes need it."} It is <code>token_file</code> in <code>[admin]</code> of the configuration, and is kept until this tab is closed.
        </p>
        <label for="token">Token</label>
        <input id="token" ref={field} type="password" autocomplete="off" required aria-describedby={fault ? "token-fault" : undefined} />
        {fault && (
          <p id="token-fault" class="notice bad" role="alert">
            {fault}
          </p>
        )}
        <div class="actions">
          <button type="submit" class="main">
            Sign in
          </button>
          {!needed && (
            <button type="button" onClick={close}>
              Cancel
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
}

export function App() {
  const place = usePlace();
  const { link, status, hasToken, mayChange } = useShared();
  const [asking, setAsking] = useState(false);
  const [theme, turnTheme] = useTheme();
  const main = useRef<HTMLElement>(null);
  const here = place.path[0] ?? "";
  const name = pages.find(([path]) => path === here)?.[1] ?? "Causeway";
  const title = place.path.length > 2 ? place.path[2] : name;
  const before = useRef(place.path.join("/"));
  useEffect(() => {
    document.title = `${title} · Causeway`;
    const now = place.path.join("/");
    // A reader of the screen is told of the new page, and goes on in it.
    if (before.current !== now) {
      before.current = now;
      scrollTo(0, 0);
      main.current?.focus({ preventScroll: true });
    }
  }, [title, place]);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        To the content
      </a>
      <header class="top">
        <a class="brand" href="#/">
          <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
            <rect width="32" height="32" rx="7" fill="#0f766e" />
            <path d="M5 21h22M5 21c2.500-7 6-10.500 11-10.500S24.500 14 27 21M11 21v-6.500M16 21V10.500M21 21v-6.500" fill="none" stroke="#fff" stroke-width="2.400" stroke-linecap="round" />
          </svg>
          Causeway
        </a>
        <nav aria-label="Main">
          {pages.map(([path, text]) => (
            <a key={path} href={`#/${path}`} aria-current={here === path ? "page" : undefined}>
              {text}
            </a>
          ))}
        </nav>
        <div class="right">
          <span class={`link ${link}`} role="status" aria-live="polite">
            <span class="dot" aria-hidden="true" />
            {links[link]}
          </span>
          {token.get() ? (
            <button type="button" class="quiet" onClick={signOut}>
              Sign out
            </button>
          ) : (
            hasToken && !mayChange && (
              <button type="button" class="quiet" onClick={() => setAsking(true)}>
                Sign in
              </button>
            )
          )}
          <button type="button" class="quiet" onClick={turnTheme} title="Colours: as the system, light or dark">
            <span class="word">Theme: </span>
            {theme}
          </button>
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {link === "signed-out" ? <h1>Causeway</h1> : show(place)}
      </main>
      <footer class="foot">{status && `Causeway ${status.version} · up for ${span(status.uptime_seconds)}`}</footer>
      {(asking || link === "signed-out") && <SignIn key={link} needed={link === "signed-out"} close={() => setAsking(false)} />}
    </>
  );
}
