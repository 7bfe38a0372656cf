//! `demo --once`: everything that the embedded cluster has to tell, and nothing left behind.

use super::roundsman;

#[test]
fn the_demo_prints_its_report_and_ends() {
    let ran = roundsman(&["demo", "--once"]).run();
    let text = ran.printed(0);
    assert!(text.starts_with("demo, ") && text.lines().next().unwrap().contains("critical in "), "{text}");
    for story in [
        "Deployment shop/checkout",
        "Deployment shop/cart",
        "Deployment payments/payments-api",
        "Service shop/search",
        "Deployment analytics/report-builder",
        "PersistentVolumeClaim warehouse/warehouse-data",
        "Deployment staging/preview",
        "CronJob billing/invoice-sync",
        "Node worker-c",
        "Secret shop/admin-tls",
    ] {
        assert!(text.contains(story), "{story} is missing:\n{text}");
    }
    assert!(text.is_ascii() || !text.contains('\u{1b}'), "no colours into a pipe");
}
