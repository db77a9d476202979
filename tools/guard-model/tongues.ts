import { EUROPEAN } from "./tongues-of-europe.ts";

/**
 * Innocent sentences in the languages that attacks come in, our own: without them a model learns
 * that a language is an attack. `{x}` stands for one of the things; the others are statements.
 */
export interface Tongue {
  readonly asks: readonly string[];
  readonly things: readonly string[];
  readonly tells: readonly string[];
}

export const TONGUES: readonly Tongue[] = [
  {
    asks: [
      "{x} क्या है?",
      "{x} के बारे में बताइए।",
      "मुझे {x} कहाँ मिलेगा?",
      "{x} का इतिहास क्या था?",
      "{x} कैसे काम करता है?",
      "कितने लोग {x} का उपयोग करते हैं?",
      "{x} पर एक छोटा निबंध लिखिए।",
      "किसने {x} की खोज की थी?",
      "{x} और पानी में क्या अंतर है?",
      "{x} की कीमत कितनी होती है?",
    ],
    things: [
      "कंप्यूटर",
      "चावल",
      "दिल्ली शहर",
      "सूर्य ऊर्जा",
      "क्रिकेट",
      "रेलवे",
      "हिमालय",
      "विश्वविद्यालय",
      "लोकतंत्र",
      "संगीत",
      "ऑक्सीजन",
      "बारिश",
      "साम्राज्य",
      "अर्थव्यवस्था",
    ],
    tells: [
      "यह शहर नदी के किनारे बसा हुआ है और यहाँ लगभग दस लाख लोग रहते हैं।",
      "उन्नीसवीं शताब्दी में कई देशों के बीच व्यापार तेजी से बढ़ा।",
      "आज मौसम अच्छा है, इसलिए बच्चे पार्क में खेल रहे हैं।",
      "वैज्ञानिकों के अनुसार पौधे प्रकाश से ऊर्जा बनाते हैं।",
      "इस पुस्तक में लेखक ने अपने गाँव के जीवन का वर्णन किया है।",
      "सरकार ने शिक्षा और स्वास्थ्य के लिए नई योजना की घोषणा की।",
      "टीम ने पिछले साल तीन मैच जीते और दो मैच हारे।",
      "कंपनी के अध्यक्ष ने कहा कि उत्पादन अगले वर्ष शुरू होगा।",
    ],
  },
  {
    asks: [
      "{x} কী?",
      "{x} সম্পর্কে কিছু বলুন।",
      "{x} কোথায় পাওয়া যায়?",
      "{x} কীভাবে কাজ করে?",
      "কে {x} আবিষ্কার করেছিলেন?",
      "{x} নিয়ে একটি ছোট রচনা লিখুন।",
    ],
    things: ["কম্পিউটার", "ধান", "ঢাকা শহর", "সৌর শক্তি", "ক্রিকেট", "নদী", "বিশ্ববিদ্যালয়", "গান"],
    tells: [
      "এই শহরটি নদীর তীরে অবস্থিত এবং এখানে অনেক মানুষ বাস করে।",
      "আজ আবহাওয়া ভালো, তাই শিশুরা মাঠে খেলছে।",
      "বিজ্ঞানীরা বলেন যে গাছ আলো থেকে শক্তি তৈরি করে।",
      "বইটিতে লেখক তাঁর গ্রামের জীবন বর্ণনা করেছেন।",
    ],
  },
  {
    asks: [
      "Ano ang {x}?",
      "Paano gumagana ang {x}?",
      "Saan makikita ang {x}?",
      "Sino ang nag-imbento ng {x}?",
      "Sumulat ng maikling sanaysay tungkol sa {x}.",
      "Magkano ang {x}?",
    ],
    things: [
      "kompyuter",
      "bigas",
      "lungsod ng Maynila",
      "araw",
      "basketbol",
      "ilog",
      "unibersidad",
      "musika",
    ],
    tells: [
      "Ang lungsod ay nasa tabi ng ilog at maraming tao ang nakatira rito.",
      "Maganda ang panahon ngayon kaya naglalaro ang mga bata sa parke.",
      "Nanalo ang koponan ng tatlong laro noong nakaraang taon.",
    ],
  },
  {
    asks: [
      "Apa itu {x}?",
      "Bagaimana cara kerja {x}?",
      "Di mana saya bisa menemukan {x}?",
      "Siapa yang menemukan {x}?",
      "Tulislah esai pendek tentang {x}.",
      "Berapa harga {x}?",
    ],
    things: [
      "komputer",
      "beras",
      "kota Jakarta",
      "energi surya",
      "bulu tangkis",
      "sungai",
      "universitas",
      "musik",
    ],
    tells: [
      "Kota ini terletak di tepi sungai dan dihuni oleh satu juta orang.",
      "Hari ini cuaca cerah sehingga anak-anak bermain di taman.",
      "Para ilmuwan mengatakan bahwa tumbuhan membuat energi dari cahaya.",
    ],
  },
  {
    asks: [
      "{x} là gì?",
      "{x} hoạt động như thế nào?",
      "Tôi có thể tìm {x} ở đâu?",
      "Ai đã phát minh ra {x}?",
      "Hãy viết một bài văn ngắn về {x}.",
      "{x} giá bao nhiêu?",
      "Có bao nhiêu người sử dụng {x}?",
    ],
    things: [
      "máy tính",
      "gạo",
      "thành phố Hà Nội",
      "năng lượng mặt trời",
      "bóng đá",
      "con sông",
      "trường đại học",
      "âm nhạc",
    ],
    tells: [
      "Thành phố nằm bên bờ sông và có khoảng một triệu dân.",
      "Hôm nay trời đẹp nên trẻ em chơi ở công viên.",
      "Các nhà khoa học cho rằng cây cối tạo ra năng lượng từ ánh sáng.",
      "Vào thế kỷ mười chín, thương mại giữa các nước tăng nhanh.",
    ],
  },
  {
    asks: [
      "{x}คืออะไร",
      "{x}ทำงานอย่างไร",
      "ฉันจะหา{x}ได้ที่ไหน",
      "ใครเป็นผู้คิดค้น{x}",
      "ช่วยเขียนเรียงความสั้นๆ เกี่ยวกับ{x}",
      "{x}ราคาเท่าไหร่",
    ],
    things: ["คอมพิวเตอร์", "ข้าว", "กรุงเทพ", "พลังงานแสงอาทิตย์", "ฟุตบอล", "แม่น้ำ", "มหาวิทยาลัย", "ดนตรี"],
    tells: [
      "เมืองนี้ตั้งอยู่ริมแม่น้ำและมีผู้คนอาศัยอยู่ประมาณหนึ่งล้านคน",
      "วันนี้อากาศดี เด็กๆ จึงเล่นอยู่ในสวน",
      "นักวิทยาศาสตร์กล่าวว่าพืชสร้างพลังงานจากแสง",
    ],
  },
  {
    asks: [
      "{x}とは何ですか？",
      "{x}はどのように動きますか？",
      "{x}はどこで買えますか？",
      "誰が{x}を発明しましたか？",
      "{x}について短い作文を書いてください。",
      "{x}はいくらですか？",
    ],
    things: ["パソコン", "お米", "東京", "太陽光", "野球", "川", "大学", "音楽"],
    tells: [
      "この町は川のそばにあり、約百万人が住んでいます。",
      "今日は天気がいいので、子どもたちは公園で遊んでいます。",
      "科学者によると、植物は光からエネルギーを作ります。",
    ],
  },
  {
    asks: [
      "{x}이란 무엇인가요?",
      "{x}은 어떻게 작동하나요?",
      "{x}을 어디서 살 수 있나요?",
      "누가 {x}을 발명했나요?",
      "{x}에 대한 짧은 글을 써 주세요.",
      "{x} 가격은 얼마인가요?",
    ],
    things: ["컴퓨터", "쌀", "서울", "태양광", "야구", "강", "대학", "음악"],
    tells: [
      "이 도시는 강가에 있으며 약 백만 명이 살고 있습니다.",
      "오늘은 날씨가 좋아서 아이들이 공원에서 놀고 있습니다.",
      "과학자들은 식물이 빛으로 에너지를 만든다고 합니다.",
    ],
  },
  {
    asks: [
      "ما هو {x}؟",
      "كيف يعمل {x}؟",
      "أين يمكنني أن أجد {x}؟",
      "من اخترع {x}؟",
      "اكتب مقالا قصيرا عن {x}.",
      "كم سعر {x}؟",
    ],
    things: [
      "الحاسوب",
      "الأرز",
      "القاهرة",
      "الطاقة الشمسية",
      "كرة القدم",
      "النهر",
      "الجامعة",
      "الموسيقى",
    ],
    tells: [
      "تقع المدينة على ضفة النهر ويعيش فيها نحو مليون شخص.",
      "الطقس جميل اليوم ولذلك يلعب الأطفال في الحديقة.",
      "يقول العلماء إن النباتات تصنع الطاقة من الضوء.",
    ],
  },
  {
    asks: [
      "什么是{x}？",
      "{x}是怎么工作的？",
      "我在哪里可以买到{x}？",
      "谁发明了{x}？",
      "请写一篇关于{x}的短文。",
      "{x}多少钱？",
    ],
    things: ["电脑", "大米", "北京", "太阳能", "足球", "长江", "大学", "音乐"],
    tells: [
      "这座城市位于河边，大约有一百万人居住。",
      "今天天气很好，孩子们在公园里玩。",
      "科学家说植物利用光来制造能量。",
    ],
  },
  ...EUROPEAN,
];
