//! The person at the consent page: the browser that shows it, and what comes back, caught or pasted.

use std::io::IsTerminal;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::{Command, Stdio};

use tokio::sync::mpsc;
use url::Url;

use super::super::failure::Failure;
use crate::cli::terminal::output::note;
use crate::engine::sleep;
use crate::network::kakao::login::{LOGIN_TIME, LoginCode, LoginState, RedirectError, read_redirect};
use crate::web::redirect::{self, Redirects};

/// How often a person may paste something else.
const PASTES_MAX: usize = 5;

/// How the answer of the consent page comes back.
pub(crate) struct RedirectListener {
    redirects: Option<Redirects>,
    lines: Option<mpsc::Receiver<String>>,
}

/// Opens the person's browser, where there is one. Whether it was started.
pub(super) fn open(url: &str) -> bool {
    let has_screen = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    if !has_screen && !cfg!(target_os = "macos") {
        return false;
    }
    let mut command = Command::new(program);
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().is_ok()
}

impl RedirectListener {
    /// Listens where the redirect will go, when that is this machine, and to what a person pastes. Gives the redirect URI too:
    /// with port 0 the port is known only now.
    pub(super) async fn at(redirect_uri: &str, paste: bool, state: &LoginState) -> Result<(Self, String), Failure> {
        let here = loopback(redirect_uri).filter(|_| !paste);
        let Some((hosts, port, path)) = here else {
            return Ok((Self { redirects: None, lines: Some(lines()) }, redirect_uri.to_owned()));
        };
        let state = state.clone();
        let redirects = match redirect::catch(hosts, port, &path, move |query| state.is_of(query)).await {
            Ok(redirects) => redirects,
            Err(error) => {
                note!("storyd: cannot listen on port {port} ({error}), so the address must be pasted");
                return Ok((Self { redirects: None, lines: Some(lines()) }, redirect_uri.to_owned()));
            }
        };
        let uri =
            if port == 0 { format!("http://localhost:{}{path}", redirects.port()) } else { redirect_uri.to_owned() };
        // Who sits at a terminal may paste although this machine listens: the browser may be elsewhere.
        let lines = std::io::stdin().is_terminal().then(lines);
        Ok((Self { redirects: Some(redirects), lines }, uri))
    }

    /// Whether a person has to paste.
    pub(super) fn only_pastes(&self) -> bool {
        self.redirects.is_none()
    }

    /// The code with which this login ends.
    pub(super) async fn code(mut self, state: &LoginState) -> Result<LoginCode, Failure> {
        let mut pastes = 0;
        let code = loop {
            let (text, pasted) = tokio::select! {
                query = caught(&mut self.redirects) => (query, false),
                line = pasted(&mut self.lines) => (line, true),
                () = sleep::pause(LOGIN_TIME) => {
                    break Err(Failure::not_possible("nobody finished the login within ten minutes; run it again"));
                }
            };
            let Some(text) = text else {
                break Err(Failure::usage(
                    "no address was pasted; run the login again, and paste the one at which the browser ended",
                ));
            };
            match read_redirect(&text, state) {
                Ok(code) => break Ok(code),
                Err(error @ (RedirectError::Denied | RedirectError::Refused(_))) => {
                    break Err(Failure::not_possible(error.to_string()));
                }
                Err(error) => {
                    pastes += 1;
                    if pasted && pastes >= PASTES_MAX {
                        break Err(Failure::usage(error.to_string()));
                    }
                    note!("storyd: {error}");
                }
            }
        };
        if let Some(redirects) = self.redirects.take() {
            redirects.stop().await;
        }
        code
    }
}

async fn caught(redirects: &mut Option<Redirects>) -> Option<String> {
    match redirects {
        Some(redirects) => redirects.next().await,
        None => std::future::pending().await,
    }
}

async fn pasted(lines: &mut Option<mpsc::Receiver<String>>) -> Option<String> {
    match lines {
        Some(lines) => lines.recv().await,
        None => std::future::pending().await,
    }
}

/// The lines of stdin that hold something. A thread of its own: reading a terminal cannot be cut short, and the process does not
/// wait for it at its end.
fn lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok).filter(|line| !line.trim().is_empty()) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Where a redirect URI leads that ends on this machine without TLS: the addresses that its name may stand for, port and path. What
/// `localhost` is to a browser (of IPv4, of IPv6, or first the one and then the other) is the browser's to decide.
fn loopback(redirect_uri: &str) -> Option<(&'static [IpAddr], u16, String)> {
    const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);
    let url = Url::parse(redirect_uri).ok()?;
    let hosts: &[IpAddr] = match url.host_str()? {
        "localhost" => &[V4, V6],
        "127.0.0.1" => &[V4],
        "[::1]" => &[V6],
        _ => return None,
    };
    (url.scheme() == "http").then(|| (hosts, url.port().unwrap_or(80), url.path().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_of_this_machine_is_listened_on() {
        let at = |uri| loopback(uri).map(|(hosts, port, path)| (hosts.len(), port, path));
        assert_eq!(at("http://localhost:8421/login"), Some((2, 8421, "/login".into())));
        assert_eq!(at("http://127.0.0.1:0/"), Some((1, 0, "/".into())));
        assert_eq!(at("http://[::1]:8421/"), Some((1, 8421, "/".into())));
        for elsewhere in
            ["https://localhost:8421/login", "http://example.com/login", "http://localhost.example.com/", "x"]
        {
            assert_eq!(loopback(elsewhere), None, "{elsewhere}");
        }
    }
}
