package no.portvakt.server.certificates;

import java.security.cert.X509Certificate;
import java.util.HashSet;
import java.util.Set;
import no.portvakt.tokens.OrganisationNumber;
import org.bouncycastle.asn1.ASN1String;
import org.bouncycastle.asn1.x500.AttributeTypeAndValue;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.jspecify.annotations.Nullable;

/** The organisation in the subject of an enterprise certificate, in both forms of SEID. */
public final class Subject {
  private static final String NORWEGIAN = "NTRNO-";

  private Subject() {}

  /**
   * The organisation number: {@code organizationIdentifier} = {@code NTRNO-…} (SEID 2) or, without
   * one, {@code serialNumber} (SEID 1); null when there is none, or when two differ.
   */
  public static @Nullable OrganisationNumber organisationOf(X509Certificate certificate) {
    Set<@Nullable OrganisationNumber> found = new HashSet<>();
    for (RDN rdn :
        X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded()).getRDNs()) {
      for (AttributeTypeAndValue attribute : rdn.getTypesAndValues()) {
        String value = attribute.getValue() instanceof ASN1String text ? text.getString() : "";
        if (attribute.getType().equals(BCStyle.ORGANIZATION_IDENTIFIER)) {
          found.add(
              value.startsWith(NORWEGIAN)
                  ? OrganisationNumber.parse(value.substring(NORWEGIAN.length()))
                  : null);
        } else if (attribute.getType().equals(BCStyle.SERIALNUMBER)) {
          // In SEID 2 a serialNumber that is no organisation number says nothing.
          OrganisationNumber number = OrganisationNumber.parse(value);
          if (number != null) {
            found.add(number);
          }
        }
      }
    }
    return found.size() == 1 ? found.iterator().next() : null;
  }

  /** SEID 1: the number is the subject's {@code serialNumber}. */
  public static X500Name seid1(OrganisationNumber organisation, String name) {
    return new X500NameBuilder()
        .addRDN(BCStyle.C, "NO")
        .addRDN(BCStyle.O, name)
        .addRDN(BCStyle.CN, name)
        .addRDN(BCStyle.SERIALNUMBER, organisation.value())
        .build();
  }

  /** SEID 2: the number stands in {@code organizationIdentifier} (ETSI EN 319 412-1 §5.1.4). */
  public static X500Name seid2(OrganisationNumber organisation, String name) {
    return new X500NameBuilder()
        .addRDN(BCStyle.C, "NO")
        .addRDN(BCStyle.O, name)
        .addRDN(BCStyle.ORGANIZATION_IDENTIFIER, NORWEGIAN + organisation.value())
        .addRDN(BCStyle.CN, name)
        .build();
  }
}
