package no.portvakt.server.exchange;

import static no.portvakt.tokens.ClaimNames.AUDIENCE;
import static no.portvakt.tokens.ClaimNames.CLIENT_AMR;
import static no.portvakt.tokens.ClaimNames.EXPIRES_AT;
import static no.portvakt.tokens.ClaimNames.ISSUED_AT;
import static no.portvakt.tokens.ClaimNames.ISSUER;
import static no.portvakt.tokens.ClaimNames.NOT_BEFORE;
import static no.portvakt.tokens.ClaimNames.SESSION_ID;
import static no.portvakt.tokens.ClaimNames.TOKEN_ID;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import no.portvakt.server.issuer.TokenIssuer;
import no.portvakt.tokens.ClaimNames;
import no.portvakt.tokens.OrganisationNumber;
import no.portvakt.tokens.Verification.Verified;
import org.jspecify.annotations.Nullable;

/**
 * The claims of a platform token: which are copied from the proof, which are replaced, which are
 * added, and in which form (docs/protocol/exchange.md, "Claims").
 */
public final class PlatformClaims {
  /** Claims of the proof that never come out; times and ids are made anew. */
  private static final Set<String> LEFT_OUT =
      Set.of(ISSUER, AUDIENCE, CLIENT_AMR, SESSION_ID, NOT_BEFORE);

  /** Names that only the platform may give; a proof that has them does not pass them on. */
  private static final Set<String> RESERVED =
      Set.of(
          ClaimNames.ORG,
          ClaimNames.ORG_NUMBER,
          ClaimNames.AUTHENTICATE_METHOD,
          ClaimNames.AUTHENTICATION_LEVEL,
          ClaimNames.NAME_ID);

  private final String issuer;
  private final Options options;

  /** Which names the platform's own claims have. */
  public enum Family {
    /** {@code org}, {@code orgNumber}, {@code AuthenticateMethod}, {@code AuthenticationLevel}. */
    SHORT,
    /** {@code urn:altinn:org} and so on. */
    URN
  }

  /**
   * How platform tokens are made.
   *
   * @param lifetimeSeconds from {@code iat} to {@code exp}
   * @param boundByProof whether the token ends no later than the proof it was exchanged for
   * @param collapseArrays whether an array of one element becomes that element
   * @param families the names of the platform's own claims; both by default
   */
  public record Options(
      long lifetimeSeconds, boolean boundByProof, boolean collapseArrays, Set<Family> families) {
    public Options {
      if (lifetimeSeconds < 1 || families.isEmpty()) {
        throw new IllegalArgumentException("A token has a lifetime and at least one claim family.");
      }
      families = Set.copyOf(families);
    }
  }

  public PlatformClaims(String issuer, Options options) {
    this.issuer = issuer;
    this.options = options;
  }

  /** Whether a token for this proof would live at all: one inside the clock skew may be past. */
  boolean outlives(Verified proof, Instant now) {
    return !options.boundByProof() || proof.expiresAt() > now.getEpochSecond();
  }

  /**
   * Whether a token bound by this proof would have expired already: the skew lets such proofs in.
   */
  boolean endsAtBirth(Verified proof, Instant now) {
    return options.boundByProof() && proof.expiresAt() <= now.getEpochSecond();
  }

  /** The copied and replaced claims, in the order of the proof. */
  Map<String, @Nullable Object> start(Verified proof, Instant now) {
    long issuedAt = now.getEpochSecond();
    long lifetimeEnd = issuedAt + options.lifetimeSeconds();
    long expiresAt =
        options.boundByProof() ? Math.min(lifetimeEnd, proof.expiresAt()) : lifetimeEnd;
    Map<String, @Nullable Object> issued = new LinkedHashMap<>();
    proof.claims().forEach((name, value) -> copy(name, value, issued));
    issued.put(EXPIRES_AT, expiresAt);
    issued.put(ISSUED_AT, issuedAt);
    issued.put(TOKEN_ID, TokenIssuer.freshTokenId());
    issued.put(NOT_BEFORE, issuedAt);
    issued.put(ISSUER, issuer);
    issued.put(SESSION_ID, UUID.randomUUID().toString());
    return issued;
  }

  /** Adds who the token speaks for and how that was proved, in the configured families. */
  void addIdentity(
      Map<String, @Nullable Object> issued,
      @Nullable String code,
      OrganisationNumber number,
      String method,
      int level) {
    if (options.families().contains(Family.SHORT)) {
      if (code != null) {
        issued.put(ClaimNames.ORG, code);
      }
      issued.put(ClaimNames.ORG_NUMBER, number.toLong());
      issued.put(ClaimNames.AUTHENTICATE_METHOD, method);
      issued.put(ClaimNames.AUTHENTICATION_LEVEL, level);
    }
    if (options.families().contains(Family.URN)) {
      if (code != null) {
        issued.put(ClaimNames.URN_ORG, code);
      }
      issued.put(ClaimNames.URN_ORG_NUMBER, number.value());
      issued.put(ClaimNames.URN_AUTHENTICATE_METHOD, method);
      issued.put(ClaimNames.URN_AUTHENTICATION_LEVEL, level);
    }
  }

  private void copy(String name, @Nullable Object value, Map<String, @Nullable Object> issued) {
    if (LEFT_OUT.contains(name) || RESERVED.contains(name) || name.startsWith("urn:altinn:")) {
      return;
    }
    String outName =
        name.equals(ClaimNames.SUBJECT) ? ClaimNames.NAME_ID : name.equals("roles") ? "role" : name;
    if (value instanceof List<?> list && list.isEmpty()) {
      return;
    }
    if (value instanceof List<?> list && list.size() == 1 && options.collapseArrays()) {
      issued.put(outName, list.get(0));
    } else {
      issued.put(outName, value == null ? "" : value);
    }
  }
}
