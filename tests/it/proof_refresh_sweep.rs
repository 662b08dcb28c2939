//! A process that is killed at any step of a refresh, also of one that replaces the refresh token, leaves an account that works,
//! wherever Kakao's side allows it; and never half a file.

use std::os::unix::fs::PermissionsExt;

use kakao_sandbox::{Call, FaultName, FaultRule, Options, Running};
use storyd::domain::clock::Clock;
use storyd::network::kakao::folder::{Failpoint, TokenFolder};
use storyd::network::kakao::refresh::{Credentials, Tokens};
use storyd::network::kakao::token::{AccessToken, RefreshToken, TokenOwner, TokenSet};
use storyd::network::kakao::{Client, Endpoints, Limits};

/// More steps than a refresh has.
const STEPS_MAX: u64 = 40;

struct Home {
    dir: tempfile::TempDir,
    sandbox: Running,
    client: Client,
}

impl Home {
    async fn new() -> Self {
        let sandbox =
            kakao_sandbox::start(Options { accounts: vec!["cafe".into()], ..Options::default() }).await.unwrap();
        let endpoints = Endpoints { api_url: sandbox.url(), login_url: sandbox.url() };
        let client = Client::new(endpoints, Limits::default(), Clock::system()).unwrap();
        let home = Self { dir: tempfile::tempdir().unwrap(), sandbox, client };
        let tokens = &home.sandbox.accounts()[0];
        let set = TokenSet {
            access_token: AccessToken::new(&tokens.access_token).unwrap(),
            access_expires_at: None,
            refresh_token: Some(RefreshToken::new(&tokens.refresh_token).unwrap()),
            refresh_expires_at: None,
            scopes: None,
            owner: Some(TokenOwner { user_id: tokens.user_id, nickname: None }),
            obtained_at: Clock::system().now(),
            bought: None,
        };
        let folder = home.folder();
        let lock = folder.lock("cafe").unwrap();
        folder.save(&lock, &set).unwrap();
        home
    }

    fn folder(&self) -> TokenFolder {
        TokenFolder::open(&self.dir.path().join("tokens")).unwrap()
    }

    /// Renews the tokens in a process that dies before its `dies_at`-th step on the disk. Whether it lived.
    async fn renew(&self, dies_at: u64) -> bool {
        let fuse = Failpoint::of(dies_at);
        let tokens = Tokens::new(self.folder().with_fuse(fuse.clone()));
        let used = self.folder().load("cafe").unwrap().access_token;
        let key = Credentials { rest_api_key: "key".to_owned().into(), client_secret: None };
        let _ = tokens.refresh_now(&self.client, "cafe", Some(&key), &used, Clock::system().now()).await;
        !fuse.has_blown()
    }

    /// What the next process makes of it: whether the account can still be renewed.
    async fn is_usable(&self) -> bool {
        for name in ["cafe.json", "cafe.lock"] {
            let mode = std::fs::metadata(self.dir.path().join("tokens").join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        let set = self.folder().load("cafe").expect("never half a file");
        let tokens = Tokens::new(self.folder());
        let key = Credentials { rest_api_key: "key".to_owned().into(), client_secret: None };
        tokens.refresh_now(&self.client, "cafe", Some(&key), &set.access_token, Clock::system().now()).await.is_ok()
    }

    fn refreshes(&self) -> usize {
        self.sandbox.requests().iter().filter(|request| request.call.as_deref() == Some("token")).count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_step_of_a_refresh_leaves_an_account_that_works() {
    for dies_at in 1..STEPS_MAX {
        let home = Home::new().await;
        let lived = home.renew(dies_at).await;
        assert!(home.is_usable().await, "killed before step {dies_at}");
        if lived {
            assert!(dies_at > 10, "a refresh has more steps than that: {dies_at}");
            return;
        }
    }
    panic!("a refresh of {STEPS_MAX} steps");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_step_of_a_replacement_costs_a_login_only_between_kakaos_answer_and_the_rename() {
    let (mut lost, mut steps) = (Vec::new(), 0);
    for dies_at in 1..STEPS_MAX {
        let home = Home::new().await;
        let rotates = FaultRule::new(FaultName::RotateRefreshToken).on(&[Call::Token]);
        home.sandbox.set_faults(vec![rotates]).unwrap();
        let lived = home.renew(dies_at).await;
        let asked = home.refreshes() > 0;
        let usable = home.is_usable().await;
        if lived {
            assert!(usable);
            steps = dies_at - 1;
            break;
        }
        if !usable {
            assert!(asked, "step {dies_at}: Kakao was not asked yet, so that its side allows it");
            lost.push(dies_at);
        }
    }
    // The old token is dead at Kakao from its answer on; the new one is ours from the rename on. In between lie: looking for what an
    // earlier crash left, making the file, writing it, its sync, and the rename. More steps there would be more risk.
    assert!(lost.len() <= 5, "{lost:?} of {steps}");
    assert!(lost.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{lost:?}");
    assert!(!lost.is_empty() && lost.last() < Some(&steps), "{lost:?} of {steps}: the sweep must reach both sides");
}
