//! A job file that vanishes under the real daemon: what is told, what `plan` says beforehand, and what settles it.

use crate::support::process::{Folder, until};
use crate::support::published::fits;

fn jobs(count: u32) -> String {
    let job = |n: u32| format!("  job{n}:\n    at: 2098-12-{:02} 09:00\n    type: note\n    content: 글 {n}\n", n + 1);
    let jobs: String = (0..count).map(job).collect();
    format!("version: 1\nzone: Asia/Seoul\naccount: cafe\njobs:\n{jobs}")
}

#[test]
fn a_file_that_vanishes_costs_nothing_until_a_person_accepts_it() {
    let folder = Folder::new();
    folder.write("jobs/december.yaml", jobs(8));
    folder.write("jobs/other.yaml", jobs(1).replace("job0", "other").replace("글 0", "다른 글"));
    let daemon = folder.start("run --sandbox jobs");
    daemon.says("posts in the queue: 9 added");
    // Beforehand, as the pull request that deletes the file.
    folder.write("branch/other.yaml", jobs(1).replace("job0", "other").replace("글 0", "다른 글"));
    let plan = folder.run("plan --sandbox branch");
    assert_eq!(plan.code, Some(10), "{plan:#?}");
    assert!(plan.stdout.starts_with("1 job in 1 file: 8 held instead of cancelled\n\n? job0  "), "{}", plan.stdout);
    let warning = "warning: 8 posts of cafe would be withdrawn, more than half of what it has waiting: they would be held instead";
    assert!(plan.stdout.contains(warning), "{}", plan.stdout);
    assert!(plan.stdout.contains("`storyd admin accept --account cafe --sandbox` withdraws them"), "{}", plan.stdout);
    let json = folder.run("plan --sandbox branch --json").stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["changes"].as_array().unwrap().iter().filter(|change| change["kind"] == "held").count(), 8);

    // Moved to another folder, and to another file, nothing changes.
    std::fs::create_dir(folder.path("jobs/2098")).unwrap();
    std::fs::rename(folder.path("jobs/december.yaml"), folder.path("jobs/2098/all.yaml")).unwrap();
    until(|| "the move".into(), || folder.ok("admin show job0 --sandbox").contains("2098/all.yaml").then_some(()));
    assert_eq!(folder.json("admin queue --sandbox --state scheduled").as_array().unwrap().len(), 9);

    std::fs::remove_file(folder.path("jobs/2098/all.yaml")).unwrap();
    daemon.says("8 held instead of cancelled (`storyd admin accept --sandbox`)");
    let queue = folder.json("admin queue --sandbox --all --limit 100");
    let lost: Vec<_> = queue.as_array().unwrap().iter().filter(|post| post["state"] == "held").collect();
    assert!(lost.len() == 8 && lost.iter().all(|post| post["waits"][0]["what"] == "withdrawal"), "{queue:#}");
    let failures = until(
        || "the incident".into(),
        || {
            Some(folder.ok("admin failures --sandbox"))
                .filter(|told| told.contains("posts that left the job files are held"))
        },
    );
    assert!(failures.contains("storyd admin accept --account cafe --sandbox"), "{failures}");
    assert!(failures.contains("8 posts held: no longer in the job files"), "{failures}");
    assert!(!failures.contains("admin release"), "{failures}");
    let show = folder.ok("admin show job3 --sandbox");
    assert!(show.contains("held, in case that was an accident") && show.contains("goes on by itself"), "{show}");
    let refused = folder.run("admin release job3 --sandbox");
    assert!(refused.code == Some(5) && refused.stderr.contains("because it left the job files"), "{refused:#?}");

    let dry = folder.json("admin accept --sandbox --account cafe --dry-run");
    fits("accept", &dry);
    assert_eq!((dry["dry_run"].as_bool(), dry["withdrawn"].as_array().unwrap().len()), (Some(true), 8));
    let none = folder.run("admin accept --sandbox --account caffe");
    assert!(none.code == Some(4) && none.stderr.contains("did you mean cafe?"), "{none:#?}");
    assert!(folder.ok("admin accept --sandbox --job job0").starts_with("1 post is withdrawn\n"));
    let done = folder.json("admin accept --sandbox --reason over");
    fits("accept", &done);
    assert_eq!((done["dry_run"].as_bool(), done["withdrawn"].as_array().unwrap().len()), (Some(false), 7));
    assert_eq!(folder.json("admin queue --sandbox --state cancelled").as_array().unwrap().len(), 8);
    assert!(folder.run("admin accept --sandbox").stderr.contains("no post is held because it left the job files"));

    folder.write("jobs/december.yaml", jobs(8));
    daemon.says("8 restored");
    std::fs::remove_file(folder.path("jobs/december.yaml")).unwrap();
    daemon.says("8 held instead");
    folder.write("jobs/december.yaml", jobs(8));
    until(
        || "the posts to go on".into(),
        || (folder.json("admin queue --sandbox --state scheduled").as_array().unwrap().len() == 9).then_some(()),
    );
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, Some(0));
}
