"""Certificates to set in tests: invented holders, names and courses as they occur in the six languages."""

import base64
import json
from dataclasses import replace
from datetime import UTC, date, datetime

from lmsapp.certificates.facts import CertificateFacts, Kind, Signatory
from lmsapp.certificates.layout import html_of
from lmsapp.core import pdf

PAIRS = [("az", "prs"), ("prs", "ka"), ("ka", "tr"), ("tr", "ps"), ("ps", "en"), ("en", "az")]
KINDS: list[Kind] = ["attendance", "achievement", "qualification"]
ISSUER = {
    "en": "National Mine Action Centre",
    "az": "Milli Minatəmizləmə Mərkəzi",
    "tr": "Ulusal Mayın Faaliyet Merkezi",
    "ka": "ნაღმსაწინააღმდეგო საქმიანობის ეროვნული ცენტრი",
    "prs": "مرکز ملی ماین‌پاکی",
    "ps": "د ماین پاکۍ ملي مرکز",
}
UNIT = {
    "en": "Training Centre",
    "az": "Tədris Mərkəzi",
    "tr": "Eğitim Merkezi",
    "ka": "სასწავლო ცენტრი",
    "prs": "مرکز آموزشی",
    "ps": "د روزنې مرکز",
}
NAME = {
    "en": "Ahmad Zia Nuristani",
    "az": "Əhməd Ziya Nuristani",
    "tr": "Şükrü Çağlayan Yıldız",
    "ka": "ნინო კვარაცხელია",
    "prs": "احمدضیا نورستانی‌زاده",
    "ps": "ګل احمد ستانکزی",
}
COURSE = {
    "en": "Mine Action Core Topics",
    "az": "Mina əleyhinə fəaliyyətin əsas mövzuları",
    "tr": "Mayın Faaliyetinin Temel Konuları",
    "ka": "ნაღმსაწინააღმდეგო საქმიანობის ძირითადი თემები",
    "prs": "موضوعات اساسی امور ماین‌پاکی",
    "ps": "د ماین پاکۍ د چارو بنسټیز موضوعات",
}
PLACE = {"en": "Baku", "az": "Bakı", "tr": "Bakü", "ka": "ბაქო", "prs": "باکو", "ps": "باکو"}
DIRECTOR = {"en": "Director", "az": "Direktor", "tr": "Direktör", "ka": "დირექტორი", "prs": "رئیس", "ps": "رئیس"}
HEAD = {
    "en": "Head of Training",
    "az": "Tədris şöbəsinin rəisi",
    "tr": "Eğitim Sorumlusu",
    "ka": "სწავლების უფროსი",
    "prs": "آمر آموزش",
    "ps": "د روزنې آمر",
}
POINTS = {
    "en": ["Pillars and law", "Main groups", "Land release", "Risk education", "Information", "Safety on site"],
    "az": ["Sütunlar və hüquq", "Əsas qruplar", "Ərazinin azad edilməsi", "Maarifləndirmə", "Məlumat", "Təhlükəsizlik"],
    "tr": ["Temel alanlar", "Ana gruplar", "Arazinin serbest bırakılması", "Risk eğitimi", "Bilgi", "Güvenlik"],
    "ka": ["სამართალი", "ძირითადი ჯგუფები", "მიწის გათავისუფლება", "რისკის განათლება", "ინფორმაცია", "უსაფრთხოება"],
    "prs": ["ارکان و قانون", "گروپ‌های عمده", "آزادسازی زمین", "آگاهی‌دهی", "معلومات", "مصئونیت"],
    "ps": ["ستنې او قانون", "لویې ډلې", "د ځمکې ازادول", "پوهاوی", "معلومات", "خوندیتوب"],
}
PAYLOAD = json.dumps({"serial": "NMC-2026-QU-00413-K", "kind": "qualification"}).encode()
OPTIONS = pdf.PdfOptions(
    created=datetime(2026, 11, 13, 9, 30, tzinfo=UTC),
    attachments=(pdf.Attachment("payload.json", PAYLOAD, description="The award, machine-readable"),),
)


def link(seed: int = 1) -> str:
    """As long as a signed payload with usual names: 200 octets behind the address."""
    payload = bytes((index * 73 + seed * 11) % 251 for index in range(200))
    return "https://verify.example.org/v#" + base64.urlsafe_b64encode(payload).decode().rstrip("=")


def facts(kind: Kind, languages: tuple[str, str], **changes: object) -> CertificateFacts:
    """A certificate in two languages."""
    plain = CertificateFacts(
        kind=kind,
        languages=languages,
        issuer=ISSUER,
        unit=UNIT,
        name=NAME,
        person_number="48210937",
        course_code="MAF-101",
        course=COURSE,
        held=(date(2026, 10, 5), date(2026, 11, 13)),
        hours=190,
        issued=date(2026, 11, 13),
        place=PLACE,
        points=POINTS,
        signatories=(Signatory("R. Specimen", DIRECTOR), Signatory("L. Specimen", HEAD)),
        serial="NMC-2026-QU-00413-K",
        code="7F3K-92QD-XM4T-A8WZ",
        address="verify.example.org",
        qr=link(),
        result=None if kind == "attendance" else 91,
        valid_until=date(2027, 11, 12) if kind == "qualification" else None,
        awaiting_review=True,
    )
    return replace(plain, **changes)


def stamped(said: CertificateFacts, options: pdf.PdfOptions = OPTIONS) -> bytes:
    """The certificate as it is issued."""
    sheet = html_of(said)
    return pdf.stamp(
        sheet.base,
        sheet.overlay,
        specimen=sheet.specimen,
        overlay_style=sheet.overlay_style,
        codes=sheet.codes,
        resources=sheet.resources,
        options=options,
    )
