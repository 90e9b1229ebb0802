package no.portvakt.server.exchange;

import static no.portvakt.tokens.ClaimNames.CONSUMER;
import static no.portvakt.tokens.ClaimNames.SCOPE;

import java.time.Instant;
import java.util.Map;
import java.util.function.Function;
import no.portvakt.tokens.ClaimNames;
import no.portvakt.tokens.Consumer;
import no.portvakt.tokens.OrganisationNumber;
import no.portvakt.tokens.RuleTrace;
import no.portvakt.tokens.Scopes;
import no.portvakt.tokens.Verification.Verified;
import org.jspecify.annotations.Nullable;

/**
 * What a verified Maskinporten token means on the platform: docs/protocol/exchange.md,
 * "Maskinporten". Pure: the look-up of organisations is passed in.
 */
final class MaskinportenProvider implements Provider {
  private static final String SERVICE_OWNER = "altinn:serviceowner";
  private static final String METHOD = "maskinporten";
  private static final int LEVEL = 3;

  private final PlatformClaims claims;
  private final Function<OrganisationNumber, @Nullable String> codes;

  MaskinportenProvider(
      PlatformClaims claims, Function<OrganisationNumber, @Nullable String> codes) {
    this.claims = claims;
    this.codes = codes;
  }

  @Override
  public String name() {
    return METHOD;
  }

  @Override
  public Mapping map(Verified token, Inquiry inquiry, Instant now, RuleTrace trace) {
    Consumer consumer = Consumer.parse(token.claims().get(CONSUMER));
    if (!trace.check(
            "consumer",
            consumer != null,
            "an organisation of register 0192 or 9908 with a valid number",
            token.claims().get(CONSUMER))
        || consumer == null) {
      return new Mapping.Refused("The token's consumer is not a valid organisation.");
    }
    OrganisationNumber number = consumer.organisation();
    Object clientNumber = token.claims().get(ClaimNames.CLIENT_ORGANISATION_NUMBER);
    if (clientNumber != null
        && !token.claims().containsKey("supplier")
        && !trace.check(
            "client_orgno",
            number.value().equals(clientNumber.toString()),
            number.value(),
            clientNumber)) {
      return new Mapping.Refused("The token's client_orgno contradicts its consumer.");
    }
    if (claims.endsAtBirth(token, now)) {
      trace.check("exp", false, "after " + now.getEpochSecond(), token.expiresAt());
      return new Mapping.Refused("The token has expired.");
    }
    String code = null;
    boolean serviceOwner = Scopes.parse(token.claims().get(SCOPE)).containsOrBelow(SERVICE_OWNER);
    if (serviceOwner) {
      code = codes.apply(number);
      if (inquiry.test() && "digdir".equals(code)) {
        code = "ttd"; // the original's rule for its test organisation
      }
      trace.check("organisation.code", true, "looked up for service owners", code);
    }
    if (inquiry.enterpriseUser()) {
      trace.check("enterprise_user", false, "no enterprise user header", "present");
      return new Mapping.Gone();
    }
    if (!trace.check("lifetime", claims.outlives(token, now), "time left", token.expiresAt())) {
      return new Mapping.Refused("The token has expired.");
    }
    Map<String, @Nullable Object> issued = claims.start(token, now);
    claims.addIdentity(issued, code, number, METHOD, LEVEL);
    return new Mapping.Issue(issued, number.value());
  }
}
