//! Notices by mail, over SMTP, with a connection for each.

use std::time::{Duration, SystemTime};

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::{ClientId, MailBodyParameter, MailParameter};
use secrecy::{ExposeSecret, SecretString};

use super::error::{NotSent, SinkError};
use super::secret::resolved;
use crate::domain::notice::{Notice, Phase};
use crate::settings::notify::{MailSettings as Settings, MailTls};

/// Longest subject, in characters: more is cut by those who show it.
const SUBJECT_CHARS_MAX: usize = 150;
/// How long a server may take over its goodbye: the mail is delivered, or refused, before it.
const GOODBYE_TIME: Duration = Duration::from_secs(2);

/// A mail server, and who writes to whom.
pub(super) struct Mail {
    server: String,
    port: u16,
    tls: MailTls,
    login: Option<(String, SecretString)>,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mail({}:{})", self.server, self.port)
    }
}

impl Mail {
    pub(super) fn new(sink: &str, settings: &Settings) -> Result<Self, SinkError> {
        let mailbox = |text: &str| {
            text.parse().map_err(|_| {
                let why = format!("{text:?} is no mail address; write one as in `storyd <storyd@example.com>`");
                SinkError::Unusable { sink: sink.into(), why }
            })
        };
        let login = match (&settings.user, &settings.password) {
            (Some(user), Some(password)) => Some((user.clone(), resolved(sink, password)?)),
            _ => None,
        };
        Ok(Self {
            server: settings.server.clone(),
            port: settings.port,
            tls: settings.tls,
            login,
            from: mailbox(&settings.from)?,
            to: settings.to.iter().map(|to| mailbox(to)).collect::<Result<_, _>>()?,
        })
    }

    pub(super) async fn send(&self, id: &str, notice: &Notice, text: &str, timeout: Duration) -> Result<(), NotSent> {
        let mark = match notice.phase {
            Phase::Began => "[storyd] ",
            Phase::Ended => "[storyd, over] ",
            Phase::Published | Phase::Digest | Phase::Test | Phase::Said => "[storyd] ",
        };
        let subject: String = format!("{mark}{}", notice.title).chars().take(SUBJECT_CHARS_MAX).collect();
        let domain = self.from.email.domain();
        let mut message = Message::builder()
            .from(self.from.clone())
            .subject(subject)
            // The same each time that it is tried, so that a mail that arrived twice can be known as one.
            .message_id(Some(format!("<{id}@{domain}>")))
            .date(SystemTime::from(notice.at))
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            message = message.to(to.clone());
        }
        let message = message
            .body(format!("{text}\n"))
            .map_err(|error| NotSent::Refused(format!("no mail can be written ({error})")))?;
        let conversation = async {
            let mut connection = self.connect(timeout).await?;
            let answer = hand_over(&mut connection, &message).await;
            Ok((connection, answer))
        };
        let (mut connection, answer) = within(timeout, conversation).await.unwrap_or_else(|| Err(silent()))?;
        // The mail was taken, or was not: a server that leaves us standing now changes nothing about that.
        let _ = within(GOODBYE_TIME.min(timeout), connection.quit()).await;
        answer
    }

    /// A connection on which a mail can be sent: encrypted and logged in as the settings say.
    async fn connect(&self, timeout: Duration) -> Result<AsyncSmtpConnection, NotSent> {
        let parameters = || {
            TlsParameters::new(self.server.clone())
                .map_err(|error| NotSent::Way(format!("TLS cannot be set up ({error})")))
        };
        let (from_the_start, later) = match self.tls {
            MailTls::Tls => (Some(parameters()?), None),
            MailTls::StartTls => (None, Some(parameters()?)),
            MailTls::None => (None, None),
        };
        let (at, hello) = ((self.server.as_str(), self.port), ClientId::default());
        // The time is the connecting alone's: everything after it has no end of its own.
        let opened = AsyncSmtpConnection::connect_tokio1(at, Some(timeout), &hello, from_the_start, None).await;
        let mut connection = opened.map_err(|error| failed(&error))?;
        if let Some(parameters) = later {
            connection.starttls(parameters, &hello).await.map_err(|error| failed(&error))?;
        }
        if let Some((user, password)) = &self.login {
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            connection.auth(DEFAULT_MECHANISMS, &credentials).await.map_err(|error| failed(&error))?;
        }
        Ok(connection)
    }
}

/// Hands the mail over. Whom it is from and to is the same for every mail; only the answer to the text is about this one.
async fn hand_over(connection: &mut AsyncSmtpConnection, message: &Message) -> Result<(), NotSent> {
    let (envelope, text) = (message.envelope(), message.formatted());
    let mut parameters = Vec::new();
    if !envelope.from().into_iter().chain(envelope.to()).all(|address| AsRef::<str>::as_ref(address).is_ascii()) {
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !text.is_ascii() {
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    connection.command(MailFrom::new(envelope.from().cloned(), parameters)).await.map_err(|error| failed(&error))?;
    for to in envelope.to() {
        connection.command(Rcpt::new(to.clone(), Vec::new())).await.map_err(|error| failed(&error))?;
    }
    connection.command(Data).await.map_err(|error| failed(&error))?;
    connection.message(&text).await.map(drop).map_err(|error| match failed(&error) {
        NotSent::Way(why) if error.is_permanent() => NotSent::Refused(why),
        other => other,
    })
}

/// What came of it in time.
async fn within<T>(time: Duration, conversation: impl Future<Output = T>) -> Option<T> {
    #[expect(clippy::disallowed_methods, reason = "lettre ends only its connecting in time; no statement is inside")]
    tokio::time::timeout(time, conversation).await.ok()
}

fn silent() -> NotSent {
    NotSent::Way("the mail server did not answer in time".into())
}

/// Whether TLS found fault with what the server sent, which comes as trouble of the connection: its certificate is not trusted, or it does
/// not speak TLS.
fn is_refused_by_tls(error: &lettre::transport::smtp::Error) -> bool {
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        if cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::InvalidData) {
            return true;
        }
        next = cause.source();
    }
    false
}

/// The server's own code, where it gave one. Its words may quote what was sent, so they stay out.
fn failed(error: &lettre::transport::smtp::Error) -> NotSent {
    let what = match error.status() {
        Some(code) => format!("the mail server answered {code}"),
        None if error.is_timeout() => return silent(),
        None if error.is_tls() || is_refused_by_tls(error) => {
            "no TLS session with the mail server came about; it may have no certificate that this machine trusts"
                .to_owned()
        }
        None => "no conversation with the mail server came about".to_owned(),
    };
    NotSent::Way(what)
}
