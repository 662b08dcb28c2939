//! One request and its answer: who asks, what goes wrong, what happens, what is written down.
//!
//! Synchronous from the first look to the last fact: a client that hangs up in the middle cannot leave half an effect. Owns the
//! checks that all calls share and the faults' way of changing an answer; must not know the single calls.

use std::time::Duration;

use axum::body::Bytes;

use super::host::Host;
use super::record::{self, Outcome, RequestRecord};
use super::visit::Visit;
use crate::api::{authorize, link, post, read, token, upload, user};
use crate::faults::deceit::Deceit;
use crate::faults::name::FaultName;
use crate::http::answer::{Answer, HTML, Refusal, Reply};
use crate::http::call::Call;
use crate::http::incoming::{Incoming, Problem};
use crate::state::clock::{http_date, later};
use crate::state::memory::Account;

/// How an answer goes out.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) answer: Answer,
    pub(crate) outcome: Outcome,
    /// Wait this long before it, in real time.
    pub(crate) delay: Duration,
    /// The `Date` headers: one, unless a deceit has it otherwise.
    pub(crate) dates: Vec<String>,
}

/// Answers one request of a client.
pub(crate) fn exchange(host: &mut Host, incoming: &Incoming) -> Delivery {
    let now = host.now();
    let number = host.record.next_number();
    let named = Call::of_path(&incoming.path);
    let call = named.filter(|call| call.method() == incoming.method);
    let account = account_of(host, incoming, call);
    let fired = call.map(|call| host.board.draw(call, account.as_deref())).unwrap_or_default();
    let (answer, outcome) = match (call, named) {
        (Some(call), _) => {
            let late = fired.after(FaultName::LateEffect).or(fired.after(FaultName::LateEffectServerError));
            let effect_at = later(now, late.unwrap_or_default());
            faulty(host, &Visit { incoming, call, number, now, effect_at, fired: &fired })
        }
        (None, Some(named)) => (wrong_method(named), Outcome::Answered),
        (None, None) => (Answer::kakao(-404), Outcome::Answered),
    };
    let answered = matches!(outcome, Outcome::Answered | Outcome::Truncated);
    host.record.push(RequestRecord {
        number,
        at: incoming.arrived_at,
        call: call.map(|call| call.name().to_owned()),
        account,
        method: incoming.method.to_string(),
        path: record::shorten(&incoming.path, record::PATH_MAX_CHARS),
        content_type: incoming.content_type.as_deref().map(|text| record::shorten(text, record::PATH_MAX_CHARS)),
        params: record::params(incoming),
        outcome,
        status: answered.then_some(answer.status),
        code: answer.code.clone().filter(|_| answered),
        faults: fired.names(),
        story: answer.story.clone(),
    });
    let delay = fired.after(FaultName::Delay).unwrap_or_default();
    let right = host.server_time(now);
    let dates = fired
        .told(Deceit::date)
        .fold(vec![http_date(right)], |_, lie| lie.dates(right, host.server_time(host.started_at), number));
    Delivery { answer, outcome, delay, dates }
}

fn wrong_method(call: Call) -> Answer {
    let mut answer = Answer::kakao(-405);
    answer.headers.push(("allow", call.method().to_string()));
    answer
}

/// The account that a request speaks for, for the record and for faults; whether it may is another question.
fn account_of(host: &Host, incoming: &Incoming, call: Option<Call>) -> Option<String> {
    let memory = &host.memory;
    if call == Some(Call::Token) {
        let refresh = incoming.param("refresh_token").and_then(|token| memory.refresh.get(token));
        let code = incoming.param("code").and_then(|code| memory.codes.get(code));
        return refresh.map(|token| token.account.clone()).or(code.map(|code| code.account.clone()));
    }
    memory.access.get(incoming.bearer.as_deref()?).map(|token| token.account.clone())
}

/// Serves a call under the fault that decides its answer, if any.
fn faulty(host: &mut Host, visit: &Visit<'_>) -> (Answer, Outcome) {
    let Some(fault) = visit.fired.decisive() else {
        return (serve(host, visit), Outcome::Answered);
    };
    if let Some(decided) = before_effect(host, visit, fault) {
        return decided;
    }
    let answer = serve(host, visit);
    let story = answer.story.clone();
    let (mut answer, outcome) = after_effect(visit, fault, answer);
    answer.story = story;
    (answer, outcome)
}

/// The answer of a fault that comes before any effect; `None` for the others.
fn before_effect(host: &Host, visit: &Visit<'_>, fault: FaultName) -> Option<(Answer, Outcome)> {
    let answer = match fault {
        FaultName::RequestDropped => return Some((empty(502), Outcome::Closed)),
        FaultName::HangBeforeEffect => return Some((empty(504), Outcome::Hung)),
        FaultName::ServerErrorBeforeEffect => empty(500),
        FaultName::BadGatewayBeforeEffect => bad_gateway(),
        FaultName::RedirectBeforeEffect => redirect(visit),
        FaultName::TooManyRequests => too_many_requests(visit.fired.after(fault).unwrap_or_default()),
        FaultName::Code(-402) => {
            let account = caller(host, visit).ok().map(allowed).unwrap_or_default();
            let required = visit.call.consent().unwrap_or("story_publish");
            Answer::consent_missing(&[required], &account)
        }
        FaultName::Code(code) => Answer::kakao(code),
        FaultName::Koe(number) => Answer::koe(number),
        _ => return None,
    };
    Some((answer, Outcome::Answered))
}

/// What a fault makes of the right answer.
fn after_effect(visit: &Visit<'_>, fault: FaultName, right: Answer) -> (Answer, Outcome) {
    match fault {
        FaultName::AnswerLost | FaultName::LateEffect => (right, Outcome::Closed),
        FaultName::HangAfterEffect => (right, Outcome::Hung),
        FaultName::TruncatedAfterEffect => (right, Outcome::Truncated),
        FaultName::ServerErrorAfterEffect | FaultName::LateEffectServerError => (empty(500), Outcome::Answered),
        FaultName::BadGatewayAfterEffect => (bad_gateway(), Outcome::Answered),
        FaultName::GarbageAfterEffect => {
            (Answer::new(200, crate::http::answer::JSON, "<html>{\"id\": oops"), Outcome::Answered)
        }
        FaultName::EmptyAfterEffect => (Answer::new(200, crate::http::answer::JSON, Bytes::new()), Outcome::Answered),
        FaultName::RedirectAfterEffect => (redirect(visit), Outcome::Answered),
        FaultName::CodeAfterEffect(code) => (Answer::kakao(code), Outcome::Answered),
        _ => (right, Outcome::Answered),
    }
}

fn empty(status: u16) -> Answer {
    Answer::new(status, HTML, Bytes::new())
}

fn bad_gateway() -> Answer {
    let body = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n\
                <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";
    Answer::new(502, HTML, body)
}

/// Back to where it came from, where a client that follows arrives with the wrong method or posts again: both must not happen.
fn redirect(visit: &Visit<'_>) -> Answer {
    let mut answer = empty(302);
    answer.headers.push(("location", format!("{}?redirected=1", visit.call.path())));
    answer
}

fn too_many_requests(wait: Duration) -> Answer {
    let mut answer = Answer::new(429, crate::http::answer::JSON, "{\"msg\":\"too many requests\"}");
    answer.headers.push(("retry-after", wait.as_secs().max(1).to_string()));
    answer
}

/// The answer as it is right.
fn serve(host: &mut Host, visit: &Visit<'_>) -> Answer {
    dispatch(host, visit).unwrap_or_else(Answer::from)
}

fn dispatch(host: &mut Host, visit: &Visit<'_>) -> Reply {
    match visit.call {
        Call::Token => return token::grant(host, visit),
        Call::Authorize => return authorize::authorize(host, visit),
        _ => {}
    }
    let account = caller(host, visit)?.clone();
    if visit.call.needs_story_user() && !account.is_story_user {
        return Err(Refusal::Code(-601));
    }
    if let Some(required) = visit.call.consent()
        && !account.scopes.contains(required)
    {
        return Err(Refusal::Consent { required: vec![required], allowed: allowed(&account) });
    }
    match visit.incoming.problem {
        Some(Problem::ImagesTooLarge) if visit.call == Call::Upload => return Err(Refusal::Code(-602)),
        Some(_) => return Err(Refusal::Code(-2)),
        None => {}
    }
    match visit.call {
        Call::IsStoryUser => Ok(user::is_story_user(&account)),
        Call::Profile => user::profile(visit, &account),
        Call::TokenInfo => user::token_info(host, visit, &account),
        Call::Scopes => user::scopes(visit, &account),
        Call::Upload => upload::upload(host, visit, &account),
        Call::LinkInfo => link::link_info(host, visit, &account),
        Call::Note | Call::Photo | Call::Link => post::post(host, visit, &account),
        Call::MyStory => read::my_story(host, visit, &account),
        Call::MyStories => read::my_stories(host, visit, &account),
        Call::Delete => read::delete(host, visit, &account),
        Call::Token | Call::Authorize => Err(Refusal::Code(-404)),
    }
}

/// The account of the access token, if that is alive.
fn caller<'a>(host: &'a Host, visit: &Visit<'_>) -> Result<&'a Account, Refusal> {
    let bearer = visit.incoming.bearer.as_deref();
    let bearer = bearer.ok_or(Refusal::Because(-401, "authentication info is missing"))?;
    let token = host.memory.access.get(bearer).ok_or(Refusal::Code(-401))?;
    if !token.is_alive(visit.now) {
        return Err(Refusal::Because(-401, "this access token is already expired"));
    }
    host.memory.account(&token.account).ok_or(Refusal::Code(-101))
}

fn allowed(account: &Account) -> Vec<String> {
    account.scopes.iter().cloned().collect()
}
