#!/usr/bin/env bash
# One step of a deployment: `candidate` makes a revision without traffic, `traffic` gives it all of it, `back` returns it.
set -euo pipefail
run() { gcloud run "$@" --project "$PROJECT" --region "$REGION" --quiet; }
case ${1:-} in
  candidate)
    previous=$(run services describe "$SERVICE" --format 'value(status.traffic[0].revisionName)' 2>/dev/null || true)
    run deploy "$SERVICE" --source . --no-traffic --tag candidate --update-env-vars "TIPOFF_CODE_VERSION=$VERSION"
    {
      echo "previous=$previous"
      echo "url=$(run services describe "$SERVICE" --format 'value(status.url)')"
      echo "candidate_url=$(run services describe "$SERVICE" --format json | python3 -c 'import json,sys; print(next(t["url"] for t in json.load(sys.stdin)["status"]["traffic"] if t.get("tag") == "candidate"))')"
    } >>"$GITHUB_OUTPUT"
    ;;
  traffic) run services update-traffic "$SERVICE" --to-tags candidate=100 ;;
  back)
    if [ -z "$PREVIOUS" ]; then echo '::error title=No way back::There is no revision before this one.'; exit 1; fi
    run services update-traffic "$SERVICE" --to-revisions "$PREVIOUS=100"
    ;;
  *) echo "expected candidate, traffic or back, saw '${1:-}'" >&2; exit 2 ;;
esac
