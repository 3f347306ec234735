#!/bin/sh
# Delete what the software never reads from the packages of a virtual environment: about 40 MB.
set -eu
packages=$(echo "$1"/lib/python3.*/site-packages)

# boto3 sends by Amazon SES; the descriptions of 400 other services are data files.
for folder in "$packages"/botocore/data/*/; do
  case $(basename "$folder") in
    ses | sesv2 | signin | sns | sso | sso-oidc | sts) ;;
    *) rm -r "$folder" ;;
  esac
done
# Readers' pages are in English and German. Django falls back to English.
for folder in "$packages"/*/locale/*/ "$packages"/*/*/locale/*/ "$packages"/*/*/*/locale/*/; do
  case $(basename "$folder") in
    en | de | __pycache__ | '*') ;;
    *) rm -r "$folder" ;;
  esac
done
find "$packages" -name '*.po' -delete
find "$packages" -name '*.pyi' -delete
find "$packages"/numpy -depth -type d -name tests -exec rm -r {} +
