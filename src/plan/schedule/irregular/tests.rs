//! Tables of patterns: what is said of them, and of which nothing is.

use super::*;

fn told(pattern: &str) -> Vec<String> {
    let rule = CronRule::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error:?}"));
    doubts(&rule).into_iter().map(|doubt| format!("{} {} | {}", doubt.code, doubt.message, doubt.help)).collect()
}

#[test]
fn every_minute_of_an_hour_is_told_with_once() {
    for (pattern, said) in [
        (
            "* 9 * * *",
            "posts every minute from 09:00 to 09:59, 60 times a day | for once a day at 09:00 write `0 9 * * *`",
        ),
        ("*/1 9 * * MON", "from 09:00 to 09:59, 60 times a day | for once a day at 09:00 write `0 9 * * MON`"),
        ("0-59 9 * * *", "from 09:00 to 09:59"),
        (
            "* 9-18 * * *",
            "every minute from 09:00 to 18:59, 600 times a day | for once in each of these hours write `0 9-18 * * *`",
        ),
        ("* 9,18 * * *", "every minute of the hours 09, 18, 120 times a day"),
        (
            "* * * * *",
            "every minute of the day, 1440 times a day | for once a day at nine write `0 9 * * *`, for once an hour `0 * * * *`",
        ),
        ("* * 1 * *", "every minute of the day, 1440 times a day | for once a day at nine write `0 9 1 * *`"),
        ("0-30 9 * * *", "every minute from 09:00 to 09:30, 31 times a day"),
        (
            "30-59 9 * * *",
            "every minute from 09:30 to 09:59, 30 times a day | for once a day at 09:30 write `30 9 * * *`",
        ),
        ("1-59/2 9 * * *", "every 2 minutes from 09:01 to 09:59, 30 times a day"),
        ("*/2 * * * *", "every 2 minutes from :00 to :58 of each hour, 720 times a day"),
    ] {
        let all = told(pattern);
        assert!(all.len() == 1 && all[0].starts_with("W038") && all[0].contains(said), "{pattern}: {all:#?}");
    }
    for pattern in ["*/5 9 * * *", "0,30 9 * * *", "0 * * * *", "0,10,20,30,40,50 9 * * *", "0-3 9 * * *"] {
        assert_eq!(told(pattern), [""; 0], "{pattern}");
    }
}

#[test]
fn days_that_some_months_lack_are_told() {
    for (pattern, said) in [
        ("0 9 31 * *", "no day 31 in February, April, June, September and November"),
        ("0 9 30 * *", "no day 30 in February: nothing is posted for it in that month"),
        ("0 9 29 * *", "29th in leap years only"),
        ("0 9 29 2 *", "29th in leap years only"),
        ("0 9 15,31 * *", "`0 9 15,L * *`"),
        ("0 9 1,15,30 * *", "`0 9 1,15,L * *`"),
        ("0 9 31 1,4 *", "no day 31 in April: nothing is posted for it in that month"),
        ("0 9 30-31 * *", "no day 30 in February"),
        ("0 9 31 */2 *", "no day 31 in September and November"),
        ("0 9 * * MON#5", "`0 9 * * MONL`"),
        ("0 9 31 6-7 *", "no day 31 in June"),
    ] {
        let all = told(pattern);
        match said {
            "" => assert_eq!(all, [""; 0], "{pattern}"),
            said => {
                assert!(all.len() == 1 && all[0].starts_with("W039") && all[0].contains(said), "{pattern}: {all:#?}")
            }
        }
    }
    for pattern in [
        "0 9 L * *",
        "0 9 28 * *",
        "0 9 25-31 * *",
        "0 9 28-31 * *",
        "0 9 31 12 *",
        "0 9 31 1,3,5 *",
        "0 9 30 4-6 *",
        "0 9 1-31 * *",
        "0 9 * * MON#4,FRIL",
        "0 9 28,29,30,31 * *",
        "0 9 15W * *",
    ] {
        assert_eq!(told(pattern), [""; 0], "{pattern}");
    }
}

#[test]
fn steps_that_begin_anew_are_told_with_what_keeps_its_distance() {
    for (pattern, said) in [
        (
            "0 9 */14 * *",
            "begins anew each month: on the days 1, 15 and 29, then again on day 1 | for every 14 days write `0 9 * * *` here, and with it `every: 2 weeks`",
        ),
        ("0 9 */2 * *", "`every: 2 days`"),
        ("0 9 1-31/7 * *", "`every: 1 week`"),
        ("0 9 */30 * *", "on the days 1 and 31"),
        ("*/40 * * * *", "begins anew each hour: :00 and :40, then again at :00, 20 min later"),
        ("*/25 9-12 * * *", "10 min later"),
        ("*/45 */2 * * *", ""),
        ("0 */5 * * *", "begins anew each day: at 0, 5, 10, 15 and 20 o'clock, then again at 0, 4 h later"),
        ("0 */7 * * MON-FRI", "3 h later"),
        ("0 9 1 */5 *", "begins anew each year: January, June and November, then January again, 2 months later"),
        ("0 9 * * */2", "counts weekdays, not weeks: SUN, TUE, THU and SAT of each week"),
        ("0 9 * * */3", "`every: 3 weeks`"),
    ] {
        let all = told(pattern);
        match said {
            "" => assert_eq!(all, [""; 0], "{pattern}"),
            said => {
                assert!(all.len() == 1 && all[0].starts_with("W039") && all[0].contains(said), "{pattern}: {all:#?}")
            }
        }
    }
    for pattern in [
        "*/15 9 * * *",
        "*/40 9 * * *",
        "0 */6 * * *",
        "0 */5 * * MON",
        "0 9 1-28/7 * *",
        "0 9 1 */3 *",
        "0 9-18/2 * * *",
        "0 9 * * 1-5/2",
        "0 9 1-15/14 * *",
    ] {
        assert_eq!(told(pattern), [""; 0], "{pattern}");
    }
}
