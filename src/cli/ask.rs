//! stub
#[derive(Debug, clap::Args)]
pub struct Args {
    question: String,
}
pub async fn run(args: Args, out: &mut impl std::io::Write) -> anyhow::Result<std::process::ExitCode> {
    todo!()
}
