//! Commands whose settings are broken, missing or of others: what steers the queue works all the same, and a job file that names an account
//! which the settings lack is found out.

use std::os::unix::fs::PermissionsExt;

use crate::support::process::Folder;

const SECRET: &str = "key-that-nobody-may-see";

/// A folder with settings of one account, a job file and its queue.
fn with_queue() -> Folder {
    let folder = Folder::new();
    folder.write("storyd.yaml", settings("data"));
    folder.jobs("notice:\n  at: 2098-12-24 09:00\n  type: note\n  content: 세일\n  tags: [할인]");
    let daemon = folder.start("run");
    daemon.says("waiting for notice");
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, Some(0));
    folder
}

fn settings(data: &str) -> String {
    format!(
        "data_dir: {data}\njobs: [jobs.yaml]\ndashboard: {{listen: off}}\naccounts:\n  cafe: {{rest_api_key: {SECRET}}}\n"
    )
}

#[test]
fn what_steers_the_queue_works_whatever_is_wrong_with_the_settings() {
    let folder = with_queue();
    // How the settings are broken, and whether they still tell where the queue lies.
    let broken: [(&str, String, bool); 9] = [
        ("a key that nobody knows", format!("{}dashbord: x\n", settings("data")), true),
        ("a value of the wrong type", format!("{}horizon: soon\n", settings("data")), true),
        ("limits that contradict each other", format!("{}defaults: {{quarantine: 1s}}\n", settings("data")), true),
        ("an account without a key", settings("data").replace("rest_api_key", "rest_key"), true),
        ("no YAML", format!("{}accounts: {{cafe: [\n", settings("data")), true),
        (
            "no YAML, a quoted folder",
            format!("data_dir: \"data\" # here\naccounts: {{cafe: {{rest_api_key: {SECRET}\n"),
            true,
        ),
        ("the file holds nothing", String::new(), false),
        ("another kind of file", "version: 1\nzone: Asia/Seoul\njobs: {}\n".to_owned(), false),
        ("a folder that is a number", settings("data").replace("data_dir: data", "data_dir: [1]"), false),
    ];
    let commands = [
        "admin pause --all",
        "admin resume --all",
        "admin queue",
        "admin failures",
        "admin show notice",
        "admin stories",
        "admin pause --account cafe",
        "admin resume --account cafe",
        "admin cancel notice",
        "admin retry notice",
        "admin accept",
        "admin check-db",
        "admin stats",
    ];
    for (what, text, tells) in broken {
        folder.write("storyd.yaml", &text);
        for command in commands {
            let line = if tells { command.to_owned() } else { format!("{command} --data-dir data") };
            let done = folder.run(&line);
            assert_eq!(done.code, Some(0), "{what}: {line}: {done:#?}");
            let warned: Vec<&str> = done
                .stderr
                .lines()
                .filter(|line| line.contains("the settings do not load, going on without them"))
                .collect();
            assert_eq!(warned.len(), 1, "{what}: {line}: {}", done.stderr);
            assert!(warned[0].contains("storyd.yaml"), "{warned:?}");
            assert!(!done.stderr.contains(SECRET) && !done.stdout.contains(SECRET), "{what}: {done:#?}");
        }
        // What is decided by the settings is not done without them.
        for command in ["run", "account add-token cafe", "admin prune --dry-run", "admin resolve 1 --absent", "check"] {
            let done = folder.run(&format!("{command} --data-dir data"));
            assert!(done.code.is_some_and(|code| code != 0), "{what}: {command}: {done:#?}");
            assert!(!done.stderr.contains(SECRET), "{what}: {done:#?}");
        }
    }
    folder.write("storyd.yaml", "dashbord: x\n");
    let done = folder.run("admin pause --all");
    assert_eq!(done.code, Some(3), "{done:#?}");
    assert!(done.stderr.contains("name the folder of the queue with --data-dir"), "{}", done.stderr);
}

#[test]
fn settings_that_are_not_there_or_cannot_be_read_stop_no_command_that_knows_its_folder() {
    let folder = with_queue();
    let done = folder.run("admin pause --all --settings nowhere.yaml --data-dir data");
    assert_eq!(done.code, Some(0), "{done:#?}");
    assert!(done.stderr.contains("nowhere.yaml cannot be read: there is no such file"), "{}", done.stderr);
    let file = folder.path("storyd.yaml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o000)).unwrap();
    // A user who may read everything reads it.
    let unreadable = std::fs::read(&file).is_err();
    let done = folder.run("admin resume --all --data-dir data");
    assert_eq!(done.code, Some(0), "{done:#?}");
    assert_eq!(done.stderr.contains("permission is denied"), unreadable, "{}", done.stderr);
    std::fs::remove_file(&file).unwrap();
    let done = folder.run("admin queue --data-dir data");
    assert_eq!((done.code, done.stderr.contains("settings")), (Some(0), false), "{done:#?}");
}

#[test]
fn an_account_that_the_settings_lack_is_an_error_with_the_nearest_name() {
    let job =
        |account: &str| format!("    account: {account}\n    at: 2098-12-24 09:00\n    type: note\n    content: 글\n");
    let file = |jobs: &[(&str, &str)]| {
        let jobs: String = jobs.iter().map(|(name, account)| format!("  {name}:\n{}", job(account))).collect();
        format!("version: 1\nzone: Asia/Seoul\njobs:\n{jobs}")
    };
    let near = |near: &str| Some(format!("did you mean `{near}`?"));
    let cases: [(&str, String, Option<String>); 10] = [
        ("cafe, shop", file(&[("a", "cafe"), ("b", "shop")]), None),
        ("cafe, shop", file(&[("a", "caffe")]), near("cafe")),
        ("cafe, shop", file(&[("a", "cafe"), ("b", "shopp")]), near("shop")),
        ("cafe", file(&[("a", "kafe")]), near("cafe")),
        ("morning-bean", file(&[("a", "morning_bean")]), near("morning-bean")),
        ("morning-bean", file(&[("a", "morningbean")]), near("morning-bean")),
        ("cafe", file(&[("a", "bakery")]), Some("they have `cafe`".into())),
        ("cafe", file(&[("a", "cafe")]).replace("jobs:", "account: caffe\njobs:"), near("cafe")),
        ("cafe", file(&[("a", "cafe")]).replace("jobs:", "defaults: {account: cafee}\njobs:"), near("cafe")),
        // Whatever else is wrong with the job.
        ("cafe", file(&[("a", "caffe")]).replace("2098-12-24 09:00", "tomorrow"), near("cafe")),
    ];
    for (accounts, jobs, expected) in cases {
        let folder = Folder::new();
        let accounts: String = accounts.split(", ").map(|name| format!("  {name}: {{rest_api_key: k}}\n")).collect();
        folder.write("storyd.yaml", format!("data_dir: data\njobs: [jobs.yaml]\naccounts:\n{accounts}"));
        folder.write("jobs.yaml", &jobs);
        for command in ["check", "plan"] {
            let done = folder.run(command);
            let said = format!("{}{}", done.stdout, done.stderr);
            match &expected {
                None => assert!(done.code == Some(0) || done.code == Some(10), "{jobs}: {done:#?}"),
                Some(expected) => {
                    assert_eq!(done.code, Some(3), "{command}: {jobs}: {done:#?}");
                    assert!(said.contains("E028") && said.contains(expected), "{command}: {expected}: {said}");
                }
            }
        }
        // Without settings, with none that name accounts, and in the sandbox nobody knows which accounts there are.
        if !jobs.contains("tomorrow") {
            assert_eq!(folder.run("check --sandbox").code, Some(0), "{jobs}");
            folder.write("storyd.yaml", "data_dir: data\njobs: [jobs.yaml]\n");
            assert_eq!(folder.run("check").code, Some(0), "{jobs}");
            std::fs::remove_file(folder.path("storyd.yaml")).unwrap();
            assert_eq!(folder.run("check jobs.yaml").code, Some(0), "{jobs}");
        }
    }
}

#[test]
fn nobody_is_sent_to_log_in_an_account_that_does_not_exist() {
    let folder = Folder::new();
    folder.write("storyd.yaml", settings("data"));
    folder.write(
        "jobs.yaml",
        "version: 1\nzone: Asia/Seoul\naccount: caffe\njobs:\n  notice:\n    at: 2098-12-24 09:00\n    type: note\n    content: 글\n",
    );
    let daemon = folder.start("run");
    daemon.warns("storyd: the settings have no account caffe, so its posts wait; did you mean cafe?");
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, Some(0));
}
