package no.portvakt.server.certificates;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1IA5String;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.x509.AccessDescription;
import org.bouncycastle.asn1.x509.AuthorityInformationAccess;
import org.bouncycastle.asn1.x509.CRLDistPoint;
import org.bouncycastle.asn1.x509.DistributionPoint;
import org.bouncycastle.asn1.x509.DistributionPointName;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.jspecify.annotations.Nullable;

/**
 * Where a certificate says that its status can be had: addresses with http or https and nothing
 * else. Only certificates that lead to an anchor are asked, so nobody else chooses an address.
 */
final class Pointers {
  private Pointers() {}

  /** The first OCSP responder (RFC 5280 §4.2.2.1), or null. */
  static @Nullable URI responder(X509Certificate certificate) {
    ASN1Primitive extension = extension(certificate, Extension.authorityInfoAccess.getId());
    if (extension == null) {
      return null;
    }
    try {
      for (AccessDescription access :
          AuthorityInformationAccess.getInstance(extension).getAccessDescriptions()) {
        URI address = address(access.getAccessLocation());
        if (access.getAccessMethod().equals(AccessDescription.id_ad_ocsp) && address != null) {
          return address;
        }
      }
      return null;
    } catch (IllegalArgumentException e) {
      return null; // not of the form that the extension has
    }
  }

  /** The addresses of revocation lists (RFC 5280 §4.2.1.13): one for each distribution point. */
  static List<URI> lists(X509Certificate certificate) {
    ASN1Primitive extension = extension(certificate, Extension.cRLDistributionPoints.getId());
    List<URI> addresses = new ArrayList<>();
    if (extension == null) {
      return addresses;
    }
    try {
      for (DistributionPoint point : CRLDistPoint.getInstance(extension).getDistributionPoints()) {
        DistributionPointName name = point.getDistributionPoint();
        if (name != null && name.getType() == DistributionPointName.FULL_NAME) {
          Arrays.stream(GeneralNames.getInstance(name.getName()).getNames())
              .map(Pointers::address)
              .filter(Objects::nonNull)
              .findFirst()
              .ifPresent(addresses::add);
        }
      }
      return addresses;
    } catch (IllegalArgumentException e) {
      return List.of(); // not of the form that the extension has
    }
  }

  private static @Nullable URI address(GeneralName name) {
    ASN1Encodable value = name.getName();
    if (name.getTagNo() != GeneralName.uniformResourceIdentifier
        || !(value instanceof ASN1IA5String text)) {
      return null;
    }
    try {
      URI uri = new URI(text.getString());
      boolean http =
          "http".equalsIgnoreCase(uri.getScheme()) || "https".equalsIgnoreCase(uri.getScheme());
      return http && uri.getHost() != null ? uri : null;
    } catch (URISyntaxException e) {
      return null;
    }
  }

  private static @Nullable ASN1Primitive extension(X509Certificate certificate, String oid) {
    byte[] value = certificate.getExtensionValue(oid);
    try {
      return value == null ? null : JcaX509ExtensionUtils.parseExtensionValue(value);
    } catch (IOException e) {
      return null;
    }
  }
}
