//! The other direction: what a team posts by hand beside storyd, with other texts, never leads an ordinary doubt to a person.

use std::fmt::Write as _;
use std::time::Duration;

use kakao_sandbox::{Call, FaultName, FaultRule};
use storyd::domain::post::PostState;

use super::scene::by_hand;
use crate::support::world::World;

const MINUTE: Duration = Duration::from_secs(60);

/// A text that is sent, and what the same people post on the phone before and after it: the same words, the same hashtags, the same
/// beginnings and ends.
const TABLE: [(&str, &[&str]); 26] = [
    (
        "오늘의 메뉴: 김치찌개 백반, 12시부터 2시까지 #점심 #백반",
        &["오늘의 메뉴: 순두부찌개 정식, 11시 30분부터 #점심 #백반", "내일의 메뉴는 생선구이입니다 #점심 #백반"],
    ),
    (
        "12월 3일 목요일, 오늘의 원두는 케냐입니다",
        &["12월 2일 수요일, 오늘의 원두는 브라질이었습니다", "12월 4일 금요일은 단체 예약으로 일찍 닫습니다"],
    ),
    (
        "겨울 신메뉴가 나왔어요! 딸기 라떼와 밤 라떼를 만나 보세요 #카페 #라떼 #신메뉴",
        &[
            "겨울 한정 굿즈가 나왔어요! 머그컵과 텀블러를 만나 보세요 #카페 #굿즈 #신상품",
            "딸기 케이크도 준비했어요 #카페 #케이크 #신메뉴",
        ],
    ),
    (
        "안녕하세요, 카페 온입니다. 이번 주 목요일은 내부 공사로 쉽니다. 양해 부탁드립니다.",
        &[
            "안녕하세요, 카페 온입니다. 크리스마스에는 밤 10시까지 영업합니다. 많이 찾아 주세요.",
            "안녕하세요, 카페 온입니다. 새 바리스타를 찾습니다. 전화 주세요.",
        ],
    ),
    ("영업 시작합니다", &["오늘은 조금 늦게 엽니다", "잠시 후 문을 닫습니다"]),
    ("주말엔 라떼 한 잔", &["평일엔 아메리카노", "비 오는 날엔 코코아 두 잔 어때요?"]),
    (
        "🎄 크리스마스 케이크 예약 시작! 선착순 50개 https://cafe.example.com/cake",
        &[
            "🎄 트리를 꾸몄어요. 사진 찍으러 오세요 https://cafe.example.com/tree",
            "🎁 선물 세트 예약은 다음 주부터 https://cafe.example.com/gift",
        ],
    ),
    (
        "We're open until 10 pm on Christmas Eve. Book a table: https://example.com/book #cafe #seoul",
        &[
            "We're closed this Thursday for repairs. See you on Friday! #cafe #seoul",
            "Merry Christmas to all our guests! #cafe #seoul",
        ],
    ),
    (
        "New in: strawberry latte, 5,500 won #latte #seoul",
        &["New in: chestnut cheesecake, 6,800 won #cake #seoul", "Sold out for today, thank you! #seoul"],
    ),
    ("Good morning!", &["Lunch is ready", "See you tomorrow, everyone"]),
    (
        "공연 안내: 토요일 저녁 7시, 재즈 트리오. 입장료 15,000원. 문의 02-123-4567",
        &[
            "공연 후기: 지난 금요일 밤을 함께해 주셔서 고맙습니다. 문의 02-123-4567",
            "대관 안내: 평일 오후, 2시간 50,000원. 문의 02-123-4567",
        ],
    ),
    (
        "[공지] 주차장 공사로 12월 한 달 동안 주차가 어렵습니다. 대중교통을 이용해 주세요.",
        &["[모집] 주말 아르바이트를 구합니다. 문자 주세요.", "[이벤트] 리뷰를 남기시면 쿠키를 드립니다!"],
    ),
    (
        "1+1 행사! 오늘부터 3일 동안 모든 음료가 한 잔 더",
        &["행사가 끝났습니다. 찾아 주신 모든 분께 감사드립니다", "내일부터는 도장 두 개씩 찍어 드려요"],
    ),
    (
        "재입고: 검은색 머그컵 350ml, 12,000원",
        &["품절: 유리 텀블러 500ml는 다음 달에 들어옵니다", "새로 들어온 엽서 세트, 3,000원"],
    ),
    (
        "빵 나오는 시간\n08:00 식빵\n10:00 크루아상\n15:00 바게트",
        &["오늘 크루아상은 다 팔렸습니다", "내일은 호밀빵도 굽습니다\n기대해 주세요"],
    ),
    (
        "오늘도 좋은 하루 보내세요 :) #일상 #소통 #좋은아침",
        &["벌써 금요일이네요! 다들 힘내세요 #일상 #소통", "퇴근길에 들러 주세요 #일상 #저녁"],
    ),
    (
        "고객님들의 성원에 힘입어 2호점을 엽니다. 합정역 3번 출구 앞, 1월 5일!",
        &["합정점 공사가 한창이에요. 조금만 기다려 주세요", "1호점은 늘 그 자리에서 기다립니다"],
    ),
    (
        "Live tonight: Kim Trio, 8 pm, free entry. First come, first served!",
        &["Open mic next Wednesday. Sign up at the counter", "Thanks for coming last night! Photos are up"],
    ),
    (
        "Q. 몇 시까지 하나요?\nA. 평일은 밤 9시, 주말은 10시까지입니다.",
        &[
            "Q. 반려동물도 되나요?\nA. 네, 마당 자리에서 함께하실 수 있어요.",
            "Q. 예약은 어떻게 하나요?\nA. 전화로 부탁드려요.",
        ],
    ),
    (
        "수험생 여러분 고생 많으셨습니다! 수험표를 보여 주시면 30% 할인해 드려요",
        &["생일이신 분께는 조각 케이크를 드립니다", "군인 할인도 있습니다. 신분증을 보여 주세요"],
    ),
    (
        "눈이 많이 옵니다. 오시는 길 조심하세요!",
        &["눈사람을 만들었어요. 문 앞에 있습니다", "길이 얼어서 배달은 쉽니다"],
    ),
    (
        "겨울 세일 마지막 날 <최대 70%> & 무료 배송",
        &["봄 신상 미리 보기 <룩북> 공개", "교환과 환불은 7일 안에 말씀해 주세요"],
    ),
    (
        "매주 화요일은 독서 모임! 이번 주 책은 「아몬드」입니다",
        &["수요일 뜨개질 모임에 자리가 두 개 남았어요", "지난 모임에서는 시집을 읽었습니다"],
    ),
    (
        "Today's roast: Ethiopia Yirgacheffe, washed. 4,500 won a cup.",
        &["Yesterday's cupping was great fun. Join us next month!", "Beans are 20% off this week only"],
    ),
    ("감사합니다 ♥", &["죄송합니다, 오늘은 쉽니다", "축하합니다!"]),
    (
        "택배 접수는 오후 4시에 마감합니다",
        &["설 연휴 배송 안내: 1월 20일까지 주문해 주세요", "반품 주소가 바뀌었습니다. 꼭 확인해 주세요"],
    ),
];

/// An account for each row. `without`: its request is lost rather than its answer.
fn name(row: usize, without: bool) -> String {
    format!("{}{row}", if without { "gone" } else { "lost" })
}

#[tokio::test(flavor = "multi_thread")]
async fn other_texts_that_a_team_posts_by_hand_never_lead_an_ordinary_doubt_to_a_person() {
    let accounts: Vec<(usize, bool)> = (0..TABLE.len()).flat_map(|row| [(row, false), (row, true)]).collect();
    let names: Vec<String> = accounts.iter().map(|(row, without)| name(*row, *without)).collect();
    let mut world = World::with(|options| options.accounts = names).await;
    world.condone("the stories by hand are nobody's posts");
    let mut jobs = String::new();
    for (row, without) in &accounts {
        let (job, text) = (name(*row, *without), TABLE[*row].0);
        let at = "2026-12-01 09:00";
        writeln!(
            jobs,
            "before-{job}:\n  at: 2026-12-01 08:05\n  account: {job}\n  type: note\n  content: 어제 올린 글 {row}"
        )
        .unwrap();
        writeln!(jobs, "{job}:\n  at: {at}\n  account: {job}\n  type: note\n  content: {text:?}").unwrap();
    }
    world.jobs(&jobs);
    world.pass(59 * MINUTE).await;
    for (row, without) in &accounts {
        by_hand(&world, &name(*row, *without), TABLE[*row].1[0]).await;
    }
    let fault = |account: &str, name| FaultRule::new(name).on(&[Call::Note]).account(account).times(1);
    let faults = accounts.iter().map(|(row, without)| {
        fault(&name(*row, *without), if *without { FaultName::RequestDropped } else { FaultName::AnswerLost })
    });
    world.fault(faults.collect());
    // Since the doubt: nine o'clock is a minute away.
    world.pass(MINUTE + Duration::from_secs(1)).await;
    for (row, without) in &accounts {
        by_hand(&world, &name(*row, *without), TABLE[*row].1[1]).await;
    }
    world.pass(30 * MINUTE).await;
    let ledger = world.ledger();
    for (row, without) in &accounts {
        let (job, text) = (name(*row, *without), TABLE[*row].0);
        let post = world.post(&job).await;
        assert_eq!(post.state, PostState::Published, "{text}: {}", post.reason);
        let stories = ledger.iter().filter(|story| story.account == job && story.content.as_deref() == Some(text));
        assert_eq!(stories.count(), 1, "{text}");
        assert_eq!(ledger.iter().filter(|story| story.account == job).count(), 4, "{job}");
    }
    println!("deceits: {} ordinary doubts beside stories by hand, none parked", accounts.len());
}
