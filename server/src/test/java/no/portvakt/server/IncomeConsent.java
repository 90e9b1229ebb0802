package no.portvakt.server;

import java.util.List;
import java.util.Map;

/** The consent of the tests: to read somebody's income of one year. */
final class IncomeConsent {
  /** The member {@code consentRights}. */
  static final List<Map<String, Object>> RIGHTS =
      List.of(
          Map.of(
              "action",
              List.of("read"),
              "resource",
              List.of(Map.of("type", "urn:altinn:resource", "value", "income")),
              "metaData",
              Map.of("year", "2025")));

  private IncomeConsent() {}
}
